import { type History, HistoryGuard, type Mark } from '../../src/streams/history';
import { ZooKeeperSession } from '../../src/streams/session';
import { connect } from '../support/fleet';
import { passes } from '../support/passes';
import { TcpProxy } from '../support/tcp-proxy';
import { dataTold } from '../support/told';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

const FAR = '00000000ffffffff';
let zookeeper: ZooKeeperPlace;
let visitor: ZooKeeperSession;
let root: string;
let roots = 0;
/** True of the server as it is. */
let truth: History;

beforeAll(async () => {
  zookeeper = await sharedZooKeeper();
  visitor = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await visitor[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});
beforeEach(async () => {
  root = `/root-${++roots}`;
  await visitor.ensurePath(`${root}/node`);
  const { czxid, ctime } = (await visitor.exists(root)) ?? { czxid: '', ctime: 0 };
  const zxid = visitor.lastZxid;
  truth = { zxid, asOf: zxid, landmark: { czxid, ctime }, accepted: [], voided: [] };
});

function guarded(
  known: History | undefined,
  marks: readonly Mark[] = [],
  connectString = zookeeper.connectString,
) {
  const foreign: (string | undefined)[] = [];
  const guard = new HistoryGuard({
    landmark: root,
    acceptances: `${root}/accepted`,
    known,
    marks: () => marks,
    onLearned: () => undefined,
    onForeign: (why) => foreign.push(why),
  });
  const session = new ZooKeeperSession({ connectString, sessionTimeoutMs: 2000 }, guard);
  return { session, guard, foreign };
}

test('the ensemble that is known is connected to, and so is any when none is', async () => {
  for (const known of [truth, undefined]) {
    const { session, guard, foreign } = guarded(known, [[`${root}/node`, '0000000000000001']]);
    await using _ = session;
    await session.connected(AbortSignal.timeout(10_000));
    expect(foreign).toEqual([undefined]);
    expect(guard.known?.landmark).toEqual(truth.landmark);
  }
});

test.each<[string, () => [History, readonly Mark[]], RegExp]>([
  ['a zxid that went back', () => [{ ...truth, zxid: FAR }, []], /last zxid is .*, but 00000000ffffffff was/],
  [
    'another landmark of the same age',
    () => [{ ...truth, landmark: { czxid: truth.landmark?.czxid ?? '', ctime: 1 } }, []],
    /was created at zxid .*, when there was another one/,
  ],
  [
    'a landmark from a time when there was another one',
    () => [{ ...truth, landmark: { czxid: '0000000000000001', ctime: 1 } }, []],
    /was created at zxid/,
  ],
  [
    'a znode that went back',
    () => [truth, [[`${root}/node`, FAR]]],
    /node is older than what was seen before/,
  ],
  [
    'a znode that is missing and was not removed',
    () => [truth, [[`${root}/gone/deep`, FAR]]],
    /has no .*deep, which nobody removed/,
  ],
])('%s: not connected to until it is accepted', async (_, make, why) => {
  const { session, foreign } = guarded(...make());
  await using __ = session;
  await passes(() => {
    expect(foreign.at(-1)).toMatch(why);
    expect(session.lastFailure?.reason).toBe('OTHER_HISTORY');
  });
  expect(session.state.name).toBe('CONNECTING');
  await visitor.ensurePath(`${root}/accepted/a`);
  await session.connected(AbortSignal.timeout(10_000));
  expect(foreign.at(-1)).toBeUndefined();
});

test('an acceptance that was seen before is none, and a mark that was given up is none', async () => {
  await visitor.ensurePath(`${root}/accepted/a`);
  const seen = guarded({ ...truth, zxid: FAR, accepted: ['a'] });
  await passes(() => {
    expect(seen.foreign.at(-1)).toMatch(/last zxid/);
  });
  await seen.session[Symbol.asyncDispose]();
  const mark: Mark = [`${root}/node`, FAR];
  const voided = guarded({ ...truth, voided: [`${FAR} ${root}/node`] }, [mark]);
  await using session = voided.session;
  await session.connected(AbortSignal.timeout(10_000));
});

test('a landmark that was deleted and made again in good faith is the same ensemble', async () => {
  await visitor.remove(`${root}/node`);
  await visitor.remove(root);
  await visitor.create(root);
  const { session, guard } = guarded(truth, [[`${root}/node`, truth.zxid]]);
  await using _ = session;
  await session.connected(AbortSignal.timeout(10_000));
  expect(guard.known?.landmark?.czxid).not.toBe(truth.landmark?.czxid);
});

test('a znode that was seen and removed is no contradiction, nor is the landmark', async () => {
  await visitor.ensurePath(`${root}/node/deep`);
  const { mzxid } = (await visitor.exists(`${root}/node/deep`)) ?? { mzxid: '' };
  for (const path of [`${root}/node/deep`, `${root}/node`, root]) await visitor.remove(path);
  const { session } = guarded(truth, [[`${root}/node/deep`, mzxid]]);
  await using _ = session;
  await session.connected(AbortSignal.timeout(10_000));
});

test('a landmark that is missing and was not removed gives another ensemble away', async () => {
  for (const path of [`${root}/node`, root]) await visitor.remove(path);
  const { session, foreign } = guarded({ ...truth, landmark: { czxid: FAR, ctime: 1 } });
  await using _ = session;
  await passes(() => {
    expect(foreign.at(-1)).toMatch(/has no .*, which nobody removed/);
  });
  expect(session.state.name).toBe('CONNECTING');
});

test('what is missing where something went back before is missed: it does not become the known ensemble by being written to', async () => {
  const gone: Mark = [`${root}/gone`, truth.zxid];
  const { session, foreign } = guarded({ ...truth, zxid: nextZxid(visitor.lastZxid, 8n) }, [gone]);
  await using _ = session;
  await passes(() => {
    expect(foreign.at(-1)).toMatch(/last zxid/);
  });
  for (let i = 0; i < 16; i += 1) await visitor.set(`${root}/node`, Buffer.from(String(i)));
  await passes(() => {
    expect(foreign.at(-1)).toMatch(/it has no .*gone/);
  });
  expect(session.state.name).toBe('CONNECTING');
});

test('a session that is resumed is not used either while its ensemble is another one', async () => {
  await using proxy = await TcpProxy.start(zookeeper.port);
  const marks: Mark[] = [];
  const { session, foreign } = guarded(truth, marks, proxy.connectString + zookeeper.chroot);
  await using _ = session;
  await session.connected(AbortSignal.timeout(10_000));
  const epochs = connectedEpochs(session);
  using told = dataTold(session, `${root}/node`);
  await passes(() => {
    expect(told.seen).toHaveLength(1);
  });

  marks.push([`${root}/node`, FAR]);
  proxy.cut();
  await passes(() => {
    expect(foreign.at(-1)).toMatch(/node is older than what was seen before/);
  });
  expect(epochs).toEqual([1]);
  await visitor.ensurePath(`${root}/accepted/a`);
  await passes(() => {
    expect(epochs).toEqual([1, 2]);
    expect(told.seen).toHaveLength(2);
  });
});

test('closing while an ensemble is refused leaves nothing behind', async () => {
  const { session, foreign } = guarded({ ...truth, zxid: FAR });
  await passes(() => {
    expect(foreign.at(-1)).toMatch(/last zxid/);
  });
  await session[Symbol.asyncDispose]();
  expect(session.state.name).toBe('CLOSED');
});

function nextZxid(zxid: string, by: bigint): string {
  return (BigInt(`0x${zxid}`) + by).toString(16).padStart(16, '0');
}

/** Of each time that it was connected, so far. */
function connectedEpochs(session: ZooKeeperSession): readonly number[] {
  const epochs: number[] = [];
  session.state$.subscribe((state) => {
    if (state.name === 'CONNECTED') epochs.push(state.epoch);
  });
  return epochs;
}
