import { eventually } from '../support/eventually';
import { expireSession } from '../support/expire-session';
import { proxiedScene } from '../support/proxied-scene';
import { openThroughProxy } from '../support/session-through-proxy';
import { dataTold, namesTold } from '../support/told';
import { watchCount } from '../support/server-watches';

const scene = proxiedScene();

const watchesOnServer = () => watchCount(scene.zookeeper);

/** Away from the server while `change` goes on, and back. */
async function away(change: () => Promise<unknown>): Promise<void> {
  await scene.through.proxy.refuse();
  await eventually(() => scene.session.state.name === 'SUSPENDED');
  await change();
  await scene.through.proxy.heal();
  await scene.session.connected();
}

describe('after a broken connection', () => {
  it('tells what changed meanwhile, once', async () => {
    await scene.other.create(scene.path, Buffer.from('1'));
    const [first, second] = [dataTold(scene.session, scene.path), namesTold(scene.session, scene.path)];
    await eventually(() => first.seen.length === 1 && second.seen.length === 1);
    await away(async () => {
      await scene.other.set(scene.path, Buffer.from('2'));
      await scene.other.set(scene.path, Buffer.from('3'));
      await scene.other.create(`${scene.path}/a`);
    });
    await eventually(() => first.seen.length === 2 && second.seen.length === 2);
    await scene.other.set(scene.path, Buffer.from('4'));
    await eventually(() => first.seen.length === 3);
    expect([first.seen, second.seen]).toEqual([
      ['1', '3', '4'],
      ['', 'a'],
    ]);
  });

  it('tells a node that was removed and created again, and says nothing of one that came and went', async () => {
    await scene.other.create(scene.path, Buffer.from('same'));
    const recreated = dataTold(scene.session, scene.path);
    const ghost = dataTold(scene.session, `${scene.path}-ghost`);
    const still = dataTold(scene.session, '/zookeeper');
    await eventually(() => [recreated, ghost, still].every(({ seen }) => seen.length === 1));
    await away(async () => {
      await scene.other.remove(scene.path);
      await scene.other.create(scene.path, Buffer.from('same'));
      await scene.other.create(`${scene.path}-ghost`);
      await scene.other.remove(`${scene.path}-ghost`);
    });
    await eventually(() => recreated.seen.length === 2);
    await scene.other.create(`${scene.path}-ghost`, Buffer.from('now'));
    await eventually(() => ghost.seen.length === 2);
    expect([recreated.seen, ghost.seen, still.seen]).toEqual([['same', 'same'], [undefined, 'now'], ['']]);
  });

  it('gives late subscribers what was known last, while it is away', async () => {
    await scene.other.create(scene.path, Buffer.from('1'));
    const first = dataTold(scene.session, scene.path);
    await eventually(() => first.seen.length === 1);
    const neverRead: unknown[] = [];
    await away(() => {
      expect(dataTold(scene.session, scene.path).seen).toEqual(['1']);
      scene.session.watchData(`${scene.path}/none`).subscribe(({ node }) => neverRead.push(node));
      expect(neverRead).toEqual([]);
      return Promise.resolve();
    });
    await eventually(() => neverRead.length === 1);
  });

  it('follows on in a new session', async () => {
    await scene.other.create(scene.path, Buffer.from('1'));
    const [first, second] = [dataTold(scene.session, scene.path), namesTold(scene.session, scene.path)];
    await eventually(() => first.seen.length === 1 && second.seen.length === 1);
    await expireSession(scene.through.proxy);
    await eventually(() => scene.through.names.includes('LOST') && scene.session.state.name === 'CONNECTED');
    await scene.other.set(scene.path, Buffer.from('2'));
    await scene.other.create(`${scene.path}/a`);
    await eventually(() => first.seen.length === 2 && second.seen.length === 2);
    expect([first.seen, second.seen]).toEqual([
      ['1', '2'],
      ['', 'a'],
    ]);
  });

  it('reads 3,000 nodes again, and the connection holds', async () => {
    // A timeout that a busy machine keeps: what is looked for is a reread that breaks the connection by itself.
    await using patient = await openThroughProxy(scene.zookeeper, { sessionTimeoutMs: 10_000 });
    const { session, proxy } = patient;
    const before = await watchesOnServer();
    const paths = Array.from({ length: 3000 }, (_, index) => `${scene.path}-${index}`);
    const told = new Map<string, number>();
    for (const one of paths) {
      session.watchData(one).subscribe(({ node }) => told.set(one, (node?.data.length ?? 0) + 1));
    }
    await eventually(() => told.size === paths.length);
    proxy.cut();
    await eventually(() => session.state.name === 'SUSPENDED');
    await session.connected();
    await eventually(watchesOnServer, (watches) => watches === before + paths.length);
    await scene.other.create(paths[2999]!, Buffer.from('now'));
    await eventually(() => told.get(paths[2999]!) === 4);
    expect(patient.names).toEqual(['CONNECTING', 'CONNECTED', 'SUSPENDED', 'CONNECTED']);
  });
});
