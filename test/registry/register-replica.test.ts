import { setTimeout as sleep } from 'node:timers/promises';
import { merge, Subject } from 'rxjs';
import { parseReplica } from '../../src/registry/replica-record';
import { registerReplica, ReplicaIdTaken } from '../../src/registry/register-replica';
import type { ZnodePaths } from '../../src/registry/paths';
import type { ZooKeeperSession } from '../../src/streams/session';
import type { SessionState } from '../../src/streams/session-state';
import { eventually } from '../support/eventually';
import { connect, freshPaths } from '../support/fleet';
import { connectionLost, replacing } from '../support/meddling';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

const RECORD = { url: 'http://a:1', host: 'a', pid: 7, started: '2026-01-01T00:00:00.000Z', build: '0' };

let zookeeper: TestZooKeeper;
let session: ZooKeeperSession;
let other: ZooKeeperSession;
let paths: ZnodePaths;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
});
afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
});
beforeEach(async () => {
  session = await connect(zookeeper.connectString);
  other = await connect(zookeeper.connectString);
  paths = freshPaths();
});
afterEach(async () => {
  await session[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

function bound(target: ZooKeeperSession, name: string | symbol): unknown {
  const value: unknown = Reflect.get(target, name, target);
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
}

const owner = async () => (await other.get(paths.replica('r')))?.stat.ephemeralOwner;
const sessionId = (of: ZooKeeperSession) => (of.state.name === 'CONNECTED' ? of.state.sessionId : 'none');

describe('registerReplica', () => {
  it('makes an ephemeral znode with the record, and takes it away when disposed, twice over', async () => {
    const registration = await registerReplica(session, paths, 'r', RECORD);
    const node = await other.get(paths.replica('r'));
    expect(parseReplica(node!.data)).toEqual(RECORD);
    expect(node!.stat.ephemeralOwner).toBe(sessionId(session));
    await registration[Symbol.asyncDispose]();
    expect(await other.exists(paths.replica('r'))).toBeUndefined();
    await registration[Symbol.asyncDispose]();
  });

  it('waits for the znode of a former life', async () => {
    const former = await connect(zookeeper.connectString);
    await registerReplica(former, paths, 'r', { ...RECORD, pid: 6 });
    const registering = registerReplica(session, paths, 'r', RECORD);
    await former[Symbol.asyncDispose]();
    await registering;
    expect(await owner()).toBe(sessionId(session));
  });

  it('does not count the time in which ZooKeeper is away', async () => {
    await registerReplica(other, paths, 'r', RECORD);
    const registering = registerReplica(session, paths, 'r', { ...RECORD, pid: 8 });
    await zookeeper.server.kill('SIGKILL');
    await other[Symbol.asyncDispose]();
    // Longer than a session that is over is waited for while it can expire.
    await sleep(session.negotiatedTimeoutMs + 3000);
    await zookeeper.server.restart();
    await registering;
    expect(parseReplica((await session.get(paths.replica('r')))!.data)).toMatchObject({ pid: 8 });
  });

  it('fails when the credentials are refused while it waits', async () => {
    await registerReplica(other, paths, 'r', RECORD);
    const state$ = new Subject<SessionState>();
    // As on a reconnect: no server of these tests refuses anybody.
    const refused = new Proxy(session, {
      get: (target, name) =>
        name === 'state$'
          ? merge(target.state$, state$)
          : name === 'state'
            ? { name: 'AUTH_FAILED' }
            : bound(target, name),
    });
    const failed = expect(registerReplica(refused, paths, 'r', RECORD)).rejects.toThrow(
      /credentials were refused/,
    );
    await eventually(() => state$.observed);
    state$.next({ name: 'AUTH_FAILED' });
    await failed;
  });

  it('refuses an id that another live process keeps, and says who', async () => {
    await registerReplica(other, paths, 'r', RECORD);
    const refusal = registerReplica(session, paths, 'r', { ...RECORD, pid: 8 });
    await expect(refusal).rejects.toThrow(ReplicaIdTaken);
    await expect(refusal).rejects.toThrow(/the replica id r .* \(pid 7 on a, http:\/\/a:1\).* --replica/);
    expect(await owner()).toBe(sessionId(other));
  });

  it('makes the znode again when somebody deletes it', async () => {
    await registerReplica(session, paths, 'r', RECORD);
    await other.remove(paths.replica('r'));
    await eventually(owner, (id) => id === sessionId(session));
  });

  it('makes it again in the next session, under its new owner', async () => {
    await registerReplica(session, paths, 'r', RECORD);
    const before = sessionId(session);
    zookeeper.server.suspend();
    await eventually(() => session.state.name === 'LOST', Boolean, 20_000);
    zookeeper.server.resume();
    await eventually(() => session.state.name === 'CONNECTED', Boolean, 20_000);
    await other.connected();
    await eventually(owner, (id) => id !== undefined && id !== before && id === sessionId(session), 20_000);
  });

  it('leaves the znode of another session alone when disposed', async () => {
    const registration = await registerReplica(session, paths, 'r', RECORD);
    await session[Symbol.asyncDispose]();
    await registerReplica(other, paths, 'r', RECORD);
    await registration[Symbol.asyncDispose]();
    expect(await owner()).toBe(sessionId(other));
  });

  it('fails when the session is closed while it waits', async () => {
    await registerReplica(other, paths, 'r', RECORD);
    const registering = registerReplica(session, paths, 'r', RECORD);
    const failed = expect(registering).rejects.toThrow(/could not be registered/);
    await session[Symbol.asyncDispose]();
    await failed;
  });

  it('tries again when the znode could not be made', async () => {
    let attempts = 0;
    const create = session.create.bind(session);
    const hiccup = replacing(session, 'create', (...args) => {
      attempts += 1;
      return attempts === 1 ? Promise.reject(connectionLost(false)) : create(...args);
    });
    await registerReplica(hiccup, paths, 'r', RECORD);
    expect(await owner()).toBe(sessionId(session));
    expect(attempts).toBe(2);
  });

  it('gives up when the znode can never be made', async () => {
    const powerless = replacing(session, 'create', () => Promise.reject(connectionLost(false)));
    await expect(registerReplica(powerless, paths, 'r', RECORD)).rejects.toThrow(/not done within \d+ ms/);
  });

  it('leaves the znode to the end of the session when it cannot be removed', async () => {
    const mute = replacing(session, 'get', () => Promise.reject(connectionLost(false)));
    const registration = await registerReplica(mute, paths, 'r', RECORD);
    await registration[Symbol.asyncDispose]();
    expect(await owner()).toBe(sessionId(session));
  });
});
