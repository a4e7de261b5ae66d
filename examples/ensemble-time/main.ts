import type { Serializable } from 'node:child_process';
import { enterBarrier, startClock } from 'zooserve/coordination';
import type { ZooKeeperSession } from 'zooserve/streams';
import { connect, example } from '../example';
import { runWorkers, workerCount } from '../workers';

const CLOCK = '/examples/ensemble-time/clock';
const BARRIER = '/examples/ensemble-time/barrier';
/** How long after the barrier they start: longer than it takes the last one to hear that it is open. */
const LEAD_MS = 1000;

/** What a worker tells: when it was to start, and when it did by the ensemble's time, give or take the bound. */
interface Start {
  readonly planned: number;
  readonly started: number;
  readonly errorBound: number;
}

/**
 * Several worker processes agree on the ensemble's time within a bound, and start together at one moment of it, which they
 * agree on by a barrier.
 */
example({ workers: '3', worker: '' }, async ({ zookeeper, workers, worker }, end) => {
  const count = workerCount(workers);
  if (worker !== '') {
    await using session = await connect(zookeeper, end);
    process.send?.(await start(session, count, end));
    return;
  }
  const starts: Start[] = [];
  const onMessage = (_: unknown, message: Serializable) => {
    // Sent by `start` in this very file.
    starts.push(message as Start);
  };
  const args = ['--zookeeper', zookeeper, '--workers', workers];
  await runWorkers({ file: __filename, args, count, end, onMessage });
  if (!end.aborted) report(starts);
});

async function start(session: ZooKeeperSession, count: number, end: AbortSignal): Promise<Start> {
  using clock = await startClock(session, CLOCK, { signal: end });
  const { time, errorBound } = clock.now();
  console.log(`it is ${shown(time)}, give or take ${errorBound.toFixed(2)} ms`);
  await using entered = await enterBarrier(session, BARRIER, count, { signal: end });
  const planned = entered.openedAt + LEAD_MS;
  const started = await clock.until(planned, { signal: end });
  console.log(`starts at ${shown(started.time)}, give or take ${started.errorBound.toFixed(2)} ms`);
  return { planned, started: started.time, errorBound: started.errorBound };
}

function report(starts: readonly Start[]): void {
  const planned = new Set(starts.map((start) => start.planned));
  const moments = starts.map(({ started }) => started);
  const spread = Math.max(...moments) - Math.min(...moments);
  const bound = 2 * Math.max(...starts.map(({ errorBound }) => errorBound));
  console.log(`${starts.length} workers were to start at ${[...planned].map(shown).join(' and ')}`);
  console.log(`they started within ${(spread + bound).toFixed(2)} ms of one another:`);
  console.log(
    `  ${spread.toFixed(2)} ms by their clocks, which differ by ${bound.toFixed(2)} ms at the most`,
  );
}

function shown(time: number): string {
  return `${new Date(time).toISOString().slice(11, 23)} UTC`;
}
