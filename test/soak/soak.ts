import { anySignal } from '../../src/any-signal';
import { errorMessage } from '../../src/errors';
import { runLane, type Lane, type LaneOutcome, seconds, seededFor } from './lane';
import { convergence } from './convergence';
import { networkFaults } from './network-faults';
import { replicaFaults } from './replica-faults';
import { Rig } from './rig';
import { serverFaults } from './server-faults';
import { verdict, type Verdict } from './verdict';
import { MODELS } from './models';
import { writes } from './writes';

/** They run beside each other, and each decides for itself. */
export const LANES: readonly Lane[] = [
  writes,
  serverFaults,
  networkFaults('network', 'replica', ({ replicas }) => replicas.map(({ network }) => network)),
  networkFaults('clients', 'client', ({ observers }) => observers.map(({ network }) => network)),
  replicaFaults,
];

export interface SoakOptions {
  readonly seed: number;
  /** Of the faults; the start and the end come on top. */
  readonly ms: number;
  readonly print: (line: string) => void;
  readonly interrupted: AbortSignal;
}

export interface Soaked extends Verdict {
  readonly lanes: readonly LaneOutcome[];
  /** From the end of the last fault until every replica and every client was where ZooKeeper is. */
  readonly convergedMs: number;
}

/**
 * Lets everything happen at once for a while, in an order that the seed decides, and then holds what was seen against
 * what must be. Rejects with the signal's reason when it is interrupted, after everything was ended.
 */
export async function soak({ seed, ms, print, interrupted }: SoakOptions): Promise<Soaked> {
  const began = performance.now();
  const tell = (lane: string, line: string): void => {
    const at = seconds(performance.now() - began).padStart(9);
    print(`${at}  ${lane.padEnd(9)} ${line}`);
  };
  await using rig = await Rig.start(seed, interrupted);
  tell('soak', 'three servers, three replicas under load and three clients are there');
  const stop = anySignal([AbortSignal.timeout(ms), interrupted]);
  const contending = Promise.all(
    rig.observers.map(({ name, session }) =>
      rig.lock.contend(name, session, { random: seededFor(name, seed), stop, workMs: 150 }),
    ),
  );
  // Whoever waits for it is told; until then a failure must not end the process.
  contending.catch(() => undefined);
  const lanes = await Promise.all(LANES.map((lane) => runLane(lane, seed, rig, { stop, tell })));
  interrupted.throwIfAborted();
  tell('soak', 'no more faults; waiting until everybody is where ZooKeeper is');
  const complaints = lanes.flatMap((lane) => lane.complaints);
  try {
    await contending;
  } catch (error) {
    complaints.push(`the lock: ${errorMessage(error)}`);
  }
  const convergedMs = await unlessAborted(converge(rig, complaints), interrupted);
  await Promise.all(rig.replicas.map((replica) => replica.end('SIGTERM')));
  const { complaints: seen, ...figures } = await verdict(rig);
  return { lanes, convergedMs, ...figures, complaints: [...complaints, ...seen] };
}

/** Rejects as soon as the signal aborts; what is under way is then left to itself. */
async function unlessAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error(String(signal.reason)));
    });
  });
  running.catch(() => undefined);
  return Promise.race([running, aborted]);
}

/** First to what was written last amid the faults, unless it cannot be served; then to one more write. */
async function converge(rig: Rig, complaints: string[]): Promise<number> {
  const began = performance.now();
  let convergedMs = 0;
  for (const round of ['as it is', 'once more'] as const) {
    for (const model of MODELS) {
      const present = (await rig.session.get(rig.paths.version(model)))?.data.toString();
      const wanted = present === '1' ? '2' : '1';
      if (round === 'once more' || present === 'missing') await rig.writes.promote(model, wanted);
    }
    complaints.push(...(await convergence(rig)));
    if (round === 'as it is') convergedMs = performance.now() - began;
  }
  return convergedMs;
}
