import { errorMessage } from '../../src/errors';
import { eventually } from '../support/eventually';
import { infer, IRIS, DIGITS } from '../support/infer';
import type { ObservedReplica } from '../support/observed-replica';
import type { Rig } from './rig';
import { MODELS } from './models';

const CONVERGED_WITHIN_MS = 120_000;
const FIXTURES = { iris: IRIS, digits: DIGITS };

/**
 * Waits until everybody is where ZooKeeper is: each replica in what it answers and in what it reports, each observer in
 * what it was told. Returns who did not get there, and where they were.
 */
export async function convergence(rig: Rig): Promise<string[]> {
  const complaints: string[] = [];
  for (const model of MODELS) {
    const version = await stateOf(rig, rig.paths.version(model));
    const config = await stateOf(rig, rig.paths.config(model));
    const expected = { model, version, config };
    const parts = [
      // What became of the others is told elsewhere.
      ...rig.replicas
        .filter(({ live }) => live)
        .map((replica) => [`replica ${replica.name}`, () => served(rig, replica, expected)]),
      ...rig.observers.map((observer) => [
        observer.name,
        () =>
          Promise.resolve(
            observer.latest.get(rig.paths.version(model)) === version.mzxid &&
              observer.latest.get(rig.paths.config(model)) === config.mzxid,
          ),
      ]),
    ] as [string, () => Promise<unknown>][];
    for (const [name, look] of parts) {
      try {
        await eventually(look, (seen) => seen === true, CONVERGED_WITHIN_MS);
      } catch (error) {
        complaints.push(
          `${name} did not get to ${model} ${version.data} at ${version.mzxid}: ${errorMessage(error)}`,
        );
      }
    }
  }
  return complaints;
}

interface State {
  readonly data: string;
  readonly mzxid: string;
}

async function stateOf({ session }: Rig, path: string): Promise<State> {
  await session.connected(AbortSignal.timeout(CONVERGED_WITHIN_MS));
  await session.sync(path);
  const node = await session.get(path);
  if (node === undefined) throw new Error(`there is no ${path}`);
  return { data: node.data.toString(), mzxid: node.stat.mzxid };
}

interface Expected {
  readonly model: 'iris' | 'digits';
  readonly version: State;
  readonly config: State;
}

/** True, or what is seen instead. */
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
