import { setTimeout as sleep } from 'node:timers/promises';
import { misnamed } from '../../bench/misnamed';
import { ZnodePaths } from '../../src/registry/paths';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { ContendedLock } from '../support/contended-lock';
import { Ensemble } from '../support/ensemble';
import { EnsembleProxy } from '../support/ensemble-proxy';
import { eventually } from '../support/eventually';
import { infer, IRIS } from '../support/infer';
import { ObservedReplica } from '../support/observed-replica';
import { RecordedWrites } from '../support/recorded-writes';
import { SeededRandom, TEST_SEED } from '../support/seeded-random';
import { TEST_SESSION_TIMEOUT_MS } from '../support/zookeeper';

const PATIENCE_MS = 120_000;
const BETWEEN_PROMOTIONS_MS = 200;
/** No request may fail for being slow: the machine has three servers and three replicas to carry. */
const CONFIG = { admission: { timeoutMs: 60_000 } };

const paths = new ZnodePaths('/zooserve');
/** Ends the promotions and the contention. */
const stop = new AbortController();
let ensemble: Ensemble;
let session: ZooKeeperSession;
let writes: RecordedWrites;
let replicas: ObservedReplica[];
let contenders: readonly Contender[];

interface Contender {
  readonly network: EnsembleProxy;
  readonly session: ZooKeeperSession;
}

beforeAll(async () => {
  ensemble = await Ensemble.start();
  session = openSession({ connectString: ensemble.connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  writes = new RecordedWrites(session, paths);
  for (const model of ['iris', 'digits']) {
    await writes.promote(model, '1');
    await writes.configure(model, CONFIG);
  }
  contenders = await Promise.all([0, 1, 2].map(startContender));
  replicas = await Promise.all(['one', 'two', 'three'].map((name) => ObservedReplica.start(ensemble, name)));
}, 2 * PATIENCE_MS);

async function startContender(): Promise<Contender> {
  const network = await EnsembleProxy.start(ensemble);
  const options = { connectString: network.connectString, sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS };
  return { network, session: openSession(options) };
}

afterAll(async () => {
  stop.abort();
  await Promise.all(replicas.map((replica) => replica[Symbol.asyncDispose]()));
  for (const contender of contenders) {
    await contender.session[Symbol.asyncDispose]();
    await contender.network[Symbol.asyncDispose]();
  }
  await session[Symbol.asyncDispose]();
  await ensemble[Symbol.asyncDispose]();
}, PATIENCE_MS);

/** Resolves when each of `those` answers under a promotion that was acknowledged after this was called. */
async function follow(those: readonly ObservedReplica[]): Promise<void> {
  const before = writes.counts.acknowledged;
  await eventually(
    () => writes.counts.acknowledged,
    (count) => count > before,
    PATIENCE_MS,
  );
  const { mzxid } = (await eventually(() => session.exists(paths.version('iris')), Boolean, PATIENCE_MS))!;
  for (const { url } of those) {
    await eventually(
      async () => (await infer(url, 'iris', [IRIS.rows[0]!])).headers.get('zooserve-model-zxid'),
      (zxid) => zxid !== null && zxid >= mzxid,
      PATIENCE_MS,
    );
  }
}

/** Promotes one version after the other, also while ZooKeeper answers nothing, until `stop`. */
async function keepPromoting(stop: AbortSignal): Promise<void> {
  for (let i = 0; !stop.aborted; i += 1) {
    await writes.promote('iris', i % 2 === 0 ? '2' : '1');
    if (i % 4 === 0) await writes.promote('digits', i % 8 === 0 ? '2' : '1');
    await sleep(BETWEEN_PROMOTIONS_MS);
  }
}

test('leader killed, follower stopped, a replica cut off: nothing fails, and nothing that was acknowledged is lost', async () => {
  const promoting = keepPromoting(stop.signal);
  const lock = new ContendedLock('/contended', '/log');
  await session.ensurePath('/log');
  const random = new SeededRandom(TEST_SEED);
  const contending = Promise.all(
    contenders.map((each, i) =>
      lock.contend(`contender ${i}`, each.session, { random, stop: stop.signal, workMs: 50 }),
    ),
  );
  await follow(replicas);

  const leader = await ensemble.leader();
  await leader.kill('SIGKILL');
  await follow(replicas);
  await leader.restart();
  await ensemble.whole();

  const followers = await ensemble.followers();
  const inUse = followers.find(({ port }) => replicas.some(({ network }) => network.serverPort === port));
  const stopped = inUse ?? followers[0]!;
  stopped.suspend();
  await sleep(3 * TEST_SESSION_TIMEOUT_MS);
  await follow(replicas);
  stopped.resume();
  await ensemble.whole();

  const [cut, ...others] = replicas as [ObservedReplica, ...ObservedReplica[]];
  const networks = [cut.network, contenders[0]!.network];
  await lock.acquiredBy('contender 0');
  for (const network of networks) network.blackhole();
  expect(lock.believers).toEqual(['contender 0']);
  const held = lock.tokens.at(-1)!;
  await eventually(
    () => session.exists(paths.replica(cut.name)),
    (node) => node === undefined,
    PATIENCE_MS,
  );
  await follow(others);
  // What it held, and could not release, was given to another one.
  await eventually(
    () => lock.tokens.at(-1)!,
    (token) => token > held,
    PATIENCE_MS,
  );
  expect(lock.believers).not.toContain('contender 0');
  for (const network of networks) await network.heal();
  await follow(replicas);

  stop.abort();
  await promoting;
  await contending;
  for (const model of ['iris', 'digits']) {
    const { mzxid } = (await session.exists(paths.version(model)))!;
    for (const { name } of replicas) {
      const status = async (): Promise<unknown> => {
        const node = await session.get(paths.status(model, name));
        return JSON.parse(node!.data.toString());
      };
      await eventually(status, (seen) => isServing(seen, mzxid), PATIENCE_MS);
    }
  }
  await Promise.all(replicas.map((replica) => replica.end('SIGTERM')));

  expect(writes.counts.acknowledged).toBeGreaterThan(10);
  for (const model of ['iris', 'digits']) {
    expect(await writes.complaints(model)).toEqual([]);
    const promotions = await writes.promotions(model);
    for (const { lives } of replicas) {
      expect(lives).toHaveLength(1);
      expect(lives[0]).toMatchObject({ unready: [], endedByItself: undefined });
      expect(lives[0]?.loads[model]).toMatchObject({ failures: [], failed: 0, mixed: 0, wentBack: 0 });
      expect(misnamed(lives[0]!.loads[model]!, promotions)).toEqual([]);
    }
  }
  expect(await lock.complaints(session)).toEqual([]);
  expect(lock.tokens.length).toBeGreaterThan(5);
}, 600_000);

function isServing(status: unknown, mzxid: string): boolean {
  const { phase, serving } = status as { phase: string; serving: { mzxid: string } | null };
  return phase === 'SERVING' && serving?.mzxid === mzxid;
}
