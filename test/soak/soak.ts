import { once } from 'node:events';
import { anySignal } from '../../src/any-signal';
import { errorMessage } from '../../src/errors';
import { temporaryDirectory } from '../support/temporary-directory';
import { CONVERGED_WITHIN_MS, type Convergence, convergence } from './convergence';
import { type Lane, type LaneOutcome, RunningLane, seconds, seededFor } from './lane';
import { childProcesses, leftInEnsemble, leftOnMachine, needlessWatches } from './leftovers';
import { networkFaults } from './network-faults';
import { replicaFaults } from './replica-faults';
import { Rig } from './rig';
import { serverFaults } from './server-faults';
import type { WorkDone } from './shared-work';
import { neverHappened, verdict, type Verdict } from './verdict';
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

/** After so much of it there is a calm, in which everybody has to get to where ZooKeeper is. */
const FAULTS_AT_A_TIME_MS = 60_000;

export interface SoakOptions {
  readonly seed: number;
  /** Of the faults; the start, the calms and the end come on top. */
  readonly ms: number;
  readonly print: (line: string) => void;
  readonly interrupted: AbortSignal;
}

export interface Soaked extends Verdict {
  readonly lanes: readonly LaneOutcome[];
  /** From the end of the last fault before each calm until one of the replicas or clients was where ZooKeeper is. */
  readonly convergedMs: readonly number[];
  readonly work: WorkDone;
}

/**
 * Lets everything happen at once for a while, in an order that the seed decides, and then holds what was seen against
 * what must be. Rejects with the signal's reason when it is interrupted, after everything was ended.
 */
export async function soak(options: SoakOptions): Promise<Soaked> {
  const before = await childProcesses();
  await using scratch = await temporaryDirectory();
  const { complaints, ...soaked } = await soakIn(scratch.path, options);
  return { ...soaked, complaints: [...complaints, ...(await leftOnMachine(before, scratch.path))] };
}

async function soakIn(scratch: string, { seed, ms, print, interrupted }: SoakOptions): Promise<Soaked> {
  const began = performance.now();
  const tell = (lane: string, line: string): void => {
    const at = seconds(performance.now() - began).padStart(9);
    print(`${at}  ${lane.padEnd(9)} ${line}`);
  };
  await using rig = await Rig.start(seed, scratch, interrupted);
  tell('soak', 'three servers, three replicas under load and three clients are there');
  const over = new AbortController();
  const idle = new AbortController();
  const contending = contend(rig, seed, anySignal([over.signal, interrupted]));
  const working = doWork(rig, seed, anySignal([idle.signal, interrupted]));
  const lanes = LANES.map((lane) => new RunningLane(lane, seed, rig, tell));
  const complaints: string[] = [];
  const convergedMs: number[] = [];
  const calm = async (once: boolean): Promise<void> => {
    const { ms: took, complaints: late } = await unlessAborted(converge(rig, once), interrupted);
    convergedMs.push(...took);
    complaints.push(...late);
  };
  for (let left = ms; left > 0; left -= FAULTS_AT_A_TIME_MS) {
    const stop = anySignal([AbortSignal.timeout(Math.min(left, FAULTS_AT_A_TIME_MS)), interrupted]);
    await Promise.all(lanes.map((lane) => lane.run(stop)));
    interrupted.throwIfAborted();
    tell('soak', 'no more faults for now; waiting until everybody is where ZooKeeper is');
    await calm(false);
  }
  over.abort();
  complaints.push(...(await contending));
  await calm(true);
  await unlessAborted(rig.work.finish(rig.session), interrupted);
  idle.abort();
  complaints.push(...(await working), ...rig.work.complaints);
  complaints.push(...(await needlessWatches(rig)));
  await Promise.all(rig.replicas.map((replica) => replica.end('SIGTERM')));
  const { complaints: seen, ...figures } = await verdict(rig);
  await Promise.all(rig.observers.map(({ session }) => session[Symbol.asyncDispose]()));
  complaints.push(...lanes.flatMap((lane) => lane.complaints), ...neverHappened(lanes, ms));
  return {
    ...{ lanes, convergedMs, work: rig.work.counted },
    ...figures,
    complaints: [...complaints, ...seen, ...(await leftInEnsemble(rig))],
  };
}

/** Has the clients contend for the lock, pass the barrier and be given work until `stop` aborts. */
async function contend(
  { lock, work, session, observers }: Rig,
  seed: number,
  stop: AbortSignal,
): Promise<string[]> {
  return whatWentWrong([
    work.put(session, seededFor('items', seed), stop),
    ...observers.flatMap(({ name, session: own }) => [
      lock.contend(name, own, { random: seededFor(name, seed), stop, workMs: 150 }),
      work.pass(name, own, seededFor(`${name} at the barrier`, seed), stop),
    ]),
  ]);
}

/** Has the clients do what is in the queue until `stop` aborts. */
async function doWork({ work, observers }: Rig, seed: number, stop: AbortSignal): Promise<string[]> {
  return whatWentWrong(
    observers.map(({ name, session }) => work.consume(session, seededFor(`${name} at work`, seed), stop)),
  );
}

/** Never rejects. */
async function whatWentWrong(recipes: readonly Promise<void>[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(recipes);
  return outcomes.flatMap((outcome) =>
    outcome.status === 'fulfilled' ? [] : [`a recipe ended: ${errorMessage(outcome.reason)}`],
  );
}

/** Rejects as soon as the signal aborts; what is under way is then left to itself. */
async function unlessAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  running.catch(() => undefined);
  const over = new AbortController();
  const aborted = once(signal, 'abort', { signal: over.signal }).then(() => {
    throw new Error(String(signal.reason));
  });
  aborted.catch(() => undefined);
  try {
    return await Promise.race([running, aborted]);
  } finally {
    over.abort();
  }
}

/** To what was written last amid the faults, unless it cannot be served or one more write is to be followed. */
async function converge(rig: Rig, onceMore: boolean): Promise<Convergence> {
  const since = performance.now();
  await rig.session.connected(AbortSignal.timeout(CONVERGED_WITHIN_MS));
  for (const model of MODELS) {
    const present = (await rig.session.get(rig.paths.version(model)))?.data.toString();
    const wanted = present === '1' ? '2' : '1';
    if (onceMore || present === 'missing') await rig.writes.promote(model, wanted);
  }
  return convergence(rig, since);
}
