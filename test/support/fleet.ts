import type { Manifest } from '../../src/registry/manifest';
import { ZnodePaths } from '../../src/registry/paths';
import { formatReplica } from '../../src/registry/replica-record';
import type { StatusRecord } from '../../src/registry/status-record';
import { writeStatus } from '../../src/registry/write-status';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { TEST_SESSION_TIMEOUT_MS } from './zookeeper';

export const MANIFEST: Manifest = {
  sha256: 'a'.repeat(64),
  bytes: 10,
  uri: 'file:///m',
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
  outputs: [],
  probes: 0,
  when: '2026-01-01T00:00:00.000Z',
  by: 'ann@here',
};

let roots = 0;

/** A root that no other test has used. */
export function freshPaths(...pinned: ConstructorParameters<typeof ZnodePaths>[1][]): ZnodePaths {
  roots += 1;
  return new ZnodePaths(`/test-${process.pid}-${roots}`, pinned[0]);
}

/** A connected session with a test server. */
export async function connect(connectString: string): Promise<ZooKeeperSession> {
  const session = openSession({ connectString, sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS });
  await session.connected(AbortSignal.timeout(10_000));
  return session;
}

/** Writes data to a znode that may not be there yet, as any ZooKeeper client might, and answers its mzxid. */
export async function write(
  session: ZooKeeperSession,
  path: string,
  data: string | Uint8Array,
): Promise<string> {
  await session.ensurePath(path);
  return (await session.set(path, Buffer.from(data))).mzxid;
}

/** What a replica says while it serves nothing and was asked for nothing. */
export function idle(replica: string): StatusRecord {
  return {
    replica,
    desired: null,
    serving: null,
    resident: [],
    config: { state: 'DEFAULT', mzxid: null },
    phase: 'STANDBY',
    error: null,
    ms: { notify: null, fetch: null, load: null, warm: null, swap: null },
  };
}

/** What a replica says once it serves `version`, as the znode's write `mzxid` asked. */
export function serving(replica: string, version: string, mzxid: string): StatusRecord {
  return {
    ...idle(replica),
    desired: { version, mzxid },
    serving: { version, mzxid, sha256: 'a'.repeat(64) },
    resident: [version],
    phase: 'SERVING',
  };
}

export function failing(
  replica: string,
  version: string,
  mzxid: string,
  error: NonNullable<StatusRecord['error']>,
): StatusRecord {
  return { ...idle(replica), desired: { version, mzxid }, phase: 'FAILED', error };
}

/** A replica that reports what it is told to, with a session of its own. */
export class PuppetReplica {
  private constructor(
    readonly name: string,
    private readonly session: ZooKeeperSession,
    private readonly paths: ZnodePaths,
  ) {}

  static async start(connectString: string, paths: ZnodePaths, name: string): Promise<PuppetReplica> {
    const session = await connect(connectString);
    await session.ensurePath(paths.replicas);
    const record = {
      url: `http://${name}`,
      host: name,
      pid: 1,
      started: new Date().toISOString(),
      build: 'test',
    };
    await session.create(paths.replica(name), formatReplica(record), 'EPHEMERAL');
    return new PuppetReplica(name, session, paths);
  }

  report(model: string, record: StatusRecord): Promise<void> {
    return writeStatus(this.session, this.paths, model, record);
  }

  /** Ends as a killed process would, once its session has expired: the status stays. */
  async end(): Promise<void> {
    await this.session[Symbol.asyncDispose]();
  }
}
