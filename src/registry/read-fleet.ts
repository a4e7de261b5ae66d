import { isName } from '../names';
import type { ZooKeeperSession } from '../streams/session';
import { inBatches } from './in-batches';
import type { ZnodePaths } from './paths';
import { promotedVersion, type PromotedVersion } from './promoted-version';
import { parseReplica, type ReplicaRecord } from './replica-record';
import { parseStatus, type StatusRecord } from './status-record';

/** One model as the ensemble shows it at one moment. */
export interface FleetModel {
  readonly model: string;
  readonly promoted: PromotedVersion;
  /** Of the config znode; undefined when there is none. */
  readonly configMzxid: string | undefined;
  /** Live ones, reported or not, and those that left a status behind; sorted by name. */
  readonly replicas: readonly FleetReplica[];
}

export interface FleetReplica {
  readonly replica: string;
  readonly live: boolean;
  /** Undefined when it is dead, or its record cannot be read. */
  readonly info: ReplicaRecord | undefined;
  /** Undefined when it has reported nothing about this model, or nothing that can be read. */
  readonly status: StatusRecord | undefined;
  /** When the status was written: ms since 1970, the ensemble's clock. */
  readonly since: number | undefined;
}

/** What is wanted and what every replica makes of it; of all models, or of `only`. Throws ZooKeeperError. */
export async function readFleet(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  only?: string,
): Promise<FleetModel[]> {
  // A session that is new may have reached a server that lags behind the last write.
  await session.sync(paths.root);
  const live = await readLive(session, paths);
  const models = only === undefined ? await knownModels(session, paths) : [only];
  return inBatches(models, (model) => readModel(session, paths, model, live));
}

/** Every model that has a znode below `/models` or a status, and the pinned ones; sorted. */
export async function knownModels(session: ZooKeeperSession, paths: ZnodePaths): Promise<string[]> {
  const [wanted, reported] = await Promise.all([
    namesBelow(session, paths.modelsDir),
    namesBelow(session, paths.statusRoot),
  ]);
  return [...new Set([...wanted, ...reported, ...paths.pinned])].sort();
}

/** Every model that the tree speaks of, be it by a znode, a status, a published version or a past change; sorted. */
export async function mentionedModels(session: ZooKeeperSession, paths: ZnodePaths): Promise<string[]> {
  const [known, published, changed] = await Promise.all([
    knownModels(session, paths),
    namesBelow(session, paths.catalogRoot),
    namesBelow(session, paths.historyRoot),
  ]);
  return [...new Set([...known, ...published, ...changed])].sort();
}

async function readLive(
  session: ZooKeeperSession,
  paths: ZnodePaths,
): Promise<ReadonlyMap<string, ReplicaRecord | undefined>> {
  const names = await namesBelow(session, paths.replicas);
  const records = await inBatches(names, async (name) => {
    const node = await session.get(paths.replica(name));
    // One that ended between the two reads is not live.
    return node && ([name, parseReplica(node.data)] as const);
  });
  return new Map(records.filter((record) => record !== undefined));
}

async function readModel(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  model: string,
  live: ReadonlyMap<string, ReplicaRecord | undefined>,
): Promise<FleetModel> {
  const [promoted, config, reported] = await Promise.all([
    session.get(paths.version(model)),
    session.exists(paths.config(model)),
    namesBelow(session, paths.statusDir(model)),
  ]);
  const names = [...new Set([...live.keys(), ...reported])].sort();
  const replicas = await inBatches(names, async (replica): Promise<FleetReplica> => {
    const node = reported.includes(replica) ? await session.get(paths.status(model, replica)) : undefined;
    return {
      replica,
      live: live.has(replica),
      info: live.get(replica),
      status: node && parseStatus(node.data),
      since: node?.stat.mtime,
    };
  });
  return { model, promoted: promotedVersion(promoted), configMzxid: config?.mzxid, replicas };
}

async function namesBelow(session: ZooKeeperSession, path: string): Promise<readonly string[]> {
  return ((await session.children(path))?.names ?? []).filter(isName);
}
