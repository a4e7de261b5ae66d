import { exclusively } from 'zooserve/coordination';
import type { ZooKeeperSession } from 'zooserve/streams';
import { connect, example } from '../example';
import { runWorkers, workerCount } from '../workers';
import { countPrimes } from './task';

const LOCK = '/examples/exactly-one/lock';
const RESULT = '/examples/exactly-one/result';

/**
 * Several worker processes want to do the same task; exactly one does it. With `--kill yes` the first one that begins is
 * killed in the middle of it, and another one does it from the beginning.
 */
example({ workers: '3', kill: 'no', worker: '' }, async ({ zookeeper, workers, kill, worker }, end) => {
  await using session = await connect(zookeeper, end);
  if (worker !== '') {
    await work(session, end);
    return;
  }
  if ((await session.exists(RESULT)) !== undefined) await session.remove(RESULT);
  let toKill = kill === 'yes' ? 1 : 0;
  await runWorkers({
    file: __filename,
    args: ['--zookeeper', zookeeper],
    count: workerCount(workers),
    end,
    onMessage: ({ number, process }, message) => {
      if (message !== 'begun' || toKill === 0) return;
      toKill -= 1;
      console.log(`worker ${number} is killed`);
      process.kill('SIGKILL');
    },
  });
  console.log(`the result is ${(await session.get(RESULT))?.data.toString() ?? 'missing'}`);
});

async function work(session: ZooKeeperSession, end: AbortSignal): Promise<void> {
  console.log('waits its turn');
  await exclusively(
    session,
    LOCK,
    async (lock, signal) => {
      if ((await session.exists(RESULT)) !== undefined) {
        console.log('finds it done');
        return;
      }
      console.log(`begins, with fencing token ${lock.token}`);
      process.send?.('begun');
      const primes = await countPrimes(300_000, signal);
      // Takes effect only if the lock is still held at that moment.
      await lock.commit([{ op: 'create', path: RESULT, data: Buffer.from(`${primes} primes`) }]);
      console.log('has done it');
    },
    { signal: end },
  );
}
