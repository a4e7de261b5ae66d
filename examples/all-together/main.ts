import { setTimeout as sleep } from 'node:timers/promises';
import { enterBarrier } from 'zooserve/coordination';
import type { ZooKeeperSession } from 'zooserve/streams';
import { connect, example } from '../example';
import { runWorkers, workerCount } from '../workers';

const BARRIER = '/examples/all-together';

/**
 * Several worker processes start a task together, when the last of them is ready, and end it together. What each has to do
 * follows from its rank.
 */
example({ workers: '3', worker: '' }, async ({ zookeeper, workers, worker }, end) => {
  const count = workerCount(workers);
  if (worker !== '') {
    await using session = await connect(zookeeper, end);
    await work(session, count, end);
    return;
  }
  const args = ['--zookeeper', zookeeper, '--workers', workers];
  await runWorkers({ file: __filename, args, count, end });
});

async function work(session: ZooKeeperSession, count: number, end: AbortSignal): Promise<void> {
  const preparation = Math.round(Math.random() * 1000);
  await sleep(preparation, undefined, { signal: end });
  console.log(`is ready after ${preparation} ms`);

  await using entered = await enterBarrier(session, BARRIER, count, { signal: end });
  console.log(`starts share ${entered.rank + 1} of ${entered.size} in round ${entered.round}`);
  const sum = share(entered.rank, entered.size);
  await sleep(200 * (entered.rank + 1), undefined, { signal: end });
  // Aborted, if the others took this one for dead meanwhile.
  entered.lost.throwIfAborted();
  console.log(`is done: ${sum}`);

  await entered.leave({ signal: end });
  console.log('ends: all are done');
}

/** The sum of every `size`-th number up to a million, from `rank` on. */
function share(rank: number, size: number): number {
  let sum = 0;
  for (let number = rank; number <= 1_000_000; number += size) sum += number;
  return sum;
}
