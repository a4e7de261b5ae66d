import { inspect } from 'node:util';
import { eventually } from '../support/eventually';
import { infer, IRIS, DIGITS } from '../support/infer';
import type { ObservedReplica } from '../support/observed-replica';
import { TEST_SESSION_TIMEOUT_MS } from '../support/zookeeper';
import { seconds } from './lane';
import { MODELS } from './models';
import type { Rig } from './rig';

/** Within so much after the last fault everybody has to be where ZooKeeper is. */
export const CONVERGED_WITHIN_MS = 5 * TEST_SESSION_TIMEOUT_MS;
/** How long is waited, to tell what is late from what never comes. */
const PATIENCE_MS = 120_000;
const FIXTURES = { iris: IRIS, digits: DIGITS };

export interface Convergence {
  /** Of each replica and each client, for each model, how long it took. */
  readonly ms: readonly number[];
  /** Who was late, or did not get there, and where they were. */
  readonly complaints: readonly string[];
}

/**
 * Waits until everybody is where ZooKeeper is: each replica in what it answers and in what it reports, each observer in
 * what it was told. `since`: of `performance.now()`, when the last fault ended.
 */
export async function convergence(rig: Rig, since: number): Promise<Convergence> {
  const parties = (await Promise.all(MODELS.map((model) => partiesOf(rig, model)))).flat();
  const outcomes = await Promise.all(
    parties.map(async ({ who, arrived }) => {
      let seen: unknown;
      const look = async (): Promise<boolean> => (seen = await arrived()) === true;
      try {
        await eventually(look, Boolean, PATIENCE_MS);
        return { who, ms: performance.now() - since };
      } catch {
        return { who, never: inspect(seen) };
      }
    }),
  );
  return {
    ms: outcomes.flatMap(({ ms }) => ms ?? []),
    complaints: outcomes.flatMap(({ who, ms, never }) => {
      if (ms === undefined) return `${who} never got to where ZooKeeper is: ${never}`;
      return ms > CONVERGED_WITHIN_MS ? `${who} got to where ZooKeeper is only after ${seconds(ms)}` : [];
    }),
  };
}

interface Party {
  readonly who: string;
  /** True, or what is seen instead. */
  readonly arrived: () => Promise<unknown>;
}

async function partiesOf(rig: Rig, model: Model): Promise<readonly Party[]> {
  const version = await stateOf(rig, rig.paths.version(model));
  const config = await stateOf(rig, rig.paths.config(model));
  const goal = `at ${model} ${version.data} of ${version.mzxid}`;
  return [
    // What became of the others is told elsewhere.
    ...rig.replicas
      .filter(({ live }) => live)
      .map((replica) => ({
        who: `replica ${replica.name} ${goal}`,
        arrived: () => served(rig, replica, { model, version, config }),
      })),
    ...rig.observers.map(({ name, latest }) => ({
      who: `${name} ${goal}`,
      arrived: () => {
        const seen = [latest.get(rig.paths.version(model)), latest.get(rig.paths.config(model))];
        return Promise.resolve((seen[0] === version.mzxid && seen[1] === config.mzxid) || seen);
      },
    })),
  ];
}

interface State {
  readonly data: string;
  readonly mzxid: string;
}

async function stateOf({ session }: Rig, path: string): Promise<State> {
  await session.connected(AbortSignal.timeout(PATIENCE_MS));
  await session.sync(path);
  const node = await session.get(path);
  if (node === undefined) throw new Error(`there is no ${path}`);
  return { data: node.data.toString(), mzxid: node.stat.mzxid };
}

type Model = keyof typeof FIXTURES;

interface Expected {
  readonly model: Model;
  readonly version: State;
  readonly config: State;
}

async function served(
  { session, paths }: Rig,
  { name, url }: ObservedReplica,
  { model, version, config }: Expected,
): Promise<unknown> {
  const answer = await infer(url, model, [FIXTURES[model].rows[0] ?? []]);
  const node = await session.get(paths.status(model, name));
  const status = JSON.parse(node?.data.toString() ?? '{}') as {
    phase?: string;
    serving?: { version: string; mzxid: string } | null;
    config?: { mzxid: string | null };
  };
  const live = await session.exists(paths.replica(name));
  const seen = [
    answer.version,
    answer.headers.get('zooserve-model-zxid'),
    answer.headers.get('zooserve-config-zxid'),
    status.phase,
    status.serving?.version,
    status.serving?.mzxid,
    status.config?.mzxid,
    live === undefined ? 'not registered' : 'live',
  ];
  const wanted = [version.data, version.mzxid, config.mzxid, 'SERVING', version.data, version.mzxid, config.mzxid, 'live']; // prettier-ignore
  return seen.every((value, i) => value === wanted[i]) || seen;
}
