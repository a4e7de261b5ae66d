import { awaitConvergence, type Convergence, type FleetProgress } from '../../src/registry/await-convergence';
import { promote } from '../../src/registry/promote';
import type { Target } from '../../src/registry/verdict';
import { writeConfig } from '../../src/registry/write-config';
import { eventually } from '../support/eventually';
import { failing, idle, serving, write } from '../support/fleet';
import { registryScene } from '../support/registry-scene';
import { startTestZooKeeper } from '../support/zookeeper';

const LONG = 20_000;
const SHORT = 300;
const NOT_FOUND = { code: 'NOT_FOUND', message: 'no such file', retryable: false } as const;

const scene = registryScene(startTestZooKeeper);

async function promoted(version: string): Promise<Target & { version: string }> {
  const { mzxid } = await promote(scene.session, scene.paths, { model: 'iris', version, by: 'me@host' });
  return { kind: 'version', version, mzxid };
}

/** The wait under way, with what it has told so far. */
function waiting(target: Target, timeoutMs = LONG): { outcome: Promise<Convergence>; told: FleetProgress[] } {
  const told: FleetProgress[] = [];
  const outcome = awaitConvergence(scene.session, scene.paths, 'iris', target, timeoutMs, (fleet) =>
    told.push(fleet),
  );
  return { outcome, told };
}

const sizeToldIs = (told: FleetProgress[], size: number) => eventually(() => told.at(-1)?.length === size);

describe('awaitConvergence on a version', () => {
  it('converges when every live replica serves it, whatever the dead ones say', async () => {
    const a = await scene.startReplica('a');
    const b = await scene.startReplica('b');
    const dead = await scene.startReplica('dead');
    await dead.end();
    const target = await promoted('2');
    await a.report('iris', serving('a', '2', target.mzxid));
    const { outcome, told } = waiting(target);
    await sizeToldIs(told, 2);
    expect(told.at(-1)).toEqual([
      { replica: 'a', verdict: { kind: 'done' } },
      { replica: 'b', verdict: { kind: 'pending', doing: 'has reported nothing yet' } },
    ]);
    await b.report('iris', { ...serving('b', '1', target.mzxid), phase: 'LOADING' });
    await eventually(
      () => told.at(-1)?.[1]?.verdict,
      (seen) => seen?.kind === 'pending' && seen.doing === 'loading',
    );
    await b.report('iris', serving('b', '2', target.mzxid));
    expect(await outcome).toMatchObject({ kind: 'converged', fleet: [{ replica: 'a' }, { replica: 'b' }] });
  });

  it('takes no report from before the write for an answer, good or bad', async () => {
    const a = await scene.startReplica('a');
    const before = await promoted('2');
    await a.report('iris', serving('a', '2', before.mzxid));
    const again = waiting(await promoted('2'), SHORT);
    expect(await again.outcome).toMatchObject({ kind: 'timed-out' });
    await a.report('iris', failing('a', '2', before.mzxid, NOT_FOUND));
    const yetAgain = waiting(await promoted('2'), SHORT);
    expect(await yetAgain.outcome).toMatchObject({
      kind: 'timed-out',
      fleet: [{ verdict: { doing: 'has not seen it yet' } }],
    });
  });

  it('ends when a replica failed for good, but not while it will try again', async () => {
    const a = await scene.startReplica('a');
    const target = await promoted('2');
    await a.report('iris', failing('a', '2', target.mzxid, { ...NOT_FOUND, retryable: true }));
    const { outcome, told } = waiting(target);
    await sizeToldIs(told, 1);
    expect(told.at(-1)).toEqual([
      { replica: 'a', verdict: { kind: 'pending', doing: 'will try again (NOT_FOUND: no such file)' } },
    ]);
    await a.report('iris', failing('a', '2', target.mzxid, NOT_FOUND));
    expect(await outcome).toEqual({
      kind: 'failed',
      fleet: [{ replica: 'a', verdict: { kind: 'failed', error: 'NOT_FOUND: no such file' } }],
    });
  });

  it('waits for one that joins and not for one that leaves', async () => {
    const a = await scene.startReplica('a');
    const leaving = await scene.startReplica('leaving');
    const target = await promoted('2');
    const { outcome, told } = waiting(target);
    await sizeToldIs(told, 2);
    const joining = await scene.startReplica('joining');
    await sizeToldIs(told, 3);
    await a.report('iris', serving('a', '2', target.mzxid));
    await leaving.end();
    await sizeToldIs(told, 2);
    await joining.report('iris', serving('joining', '2', target.mzxid));
    expect(await outcome).toMatchObject({
      kind: 'converged',
      fleet: [{ replica: 'a' }, { replica: 'joining' }],
    });
  });

  it('says at once that no replica is live, and waits for one when the last leaves meanwhile', async () => {
    const target = await promoted('2');
    expect(await waiting(target).outcome).toEqual({ kind: 'no-replica' });
    const a = await scene.startReplica('a');
    const { outcome, told } = waiting(target);
    await sizeToldIs(told, 1);
    await a.end();
    await sizeToldIs(told, 0);
    const b = await scene.startReplica('b');
    await b.report('iris', serving('b', '2', target.mzxid));
    expect(await outcome).toMatchObject({ kind: 'converged' });
  });

  it('says that no replica is live when the last one left and none came', async () => {
    const a = await scene.startReplica('a');
    const { outcome, told } = waiting(await promoted('2'), 1500);
    await sizeToldIs(told, 1);
    await a.end();
    expect(await outcome).toEqual({ kind: 'no-replica' });
  });

  it.each<[string, (path: string) => Promise<unknown>, RegExp]>([
    [
      'another version',
      (path) => write(scene.session, path, '1'),
      /^version 1 was promoted \(zxid [0-9a-f]{16}\)$/,
    ],
    ['nonsense', (path) => write(scene.session, path, '..'), /is no version/],
    ['a deletion', (path) => scene.session.remove(path), /deleted/],
  ])('ends when it is superseded by %s', async (_, supersede, by) => {
    await scene.startReplica('a');
    const { outcome, told } = waiting(await promoted('2'));
    await sizeToldIs(told, 1);
    await supersede(scene.paths.version('iris'));
    expect(await outcome).toEqual({ kind: 'superseded', by: expect.stringMatching(by) as string });
  });

  it('takes a newer write of the same version for its own', async () => {
    const a = await scene.startReplica('a');
    const target = await promoted('2');
    const { outcome, told } = waiting(target);
    await sizeToldIs(told, 1);
    const newer = await promoted('2');
    await a.report('iris', serving('a', '2', newer.mzxid));
    expect(await outcome).toMatchObject({ kind: 'converged' });
  });

  it('is pending while a replica says that it serves another version', async () => {
    const a = await scene.startReplica('a');
    const target = await promoted('2');
    await a.report('iris', serving('a', '1', target.mzxid));
    expect(await waiting(target, SHORT).outcome).toMatchObject({
      kind: 'timed-out',
      fleet: [{ verdict: { kind: 'pending', doing: 'serves 1' } }],
    });
  });

  it('gets there although the server was killed and restarted in between', async () => {
    const a = await scene.startReplica('a');
    const target = await promoted('2');
    const { outcome, told } = waiting(target);
    await sizeToldIs(told, 1);
    await scene.zookeeper.server.kill('SIGKILL');
    await scene.zookeeper.server.restart();
    await eventually(async () => {
      await a.report('iris', serving('a', '2', target.mzxid));
      return true;
    });
    expect(await outcome).toMatchObject({ kind: 'converged' });
    await scene.session.connected();
  });
});

describe('awaitConvergence on a config', () => {
  const set = async (text: string): Promise<Target> => {
    const request = { model: 'iris', data: Buffer.from(text), by: 'me@host' };
    return { kind: 'config', mzxid: (await writeConfig(scene.session, scene.paths, request)).mzxid };
  };

  it('converges when it is applied', async () => {
    const a = await scene.startReplica('a');
    const target = await set('{}');
    const { outcome, told } = waiting(target);
    await sizeToldIs(told, 1);
    await a.report('iris', idle('a'));
    await a.report('iris', { ...idle('a'), config: { state: 'APPLIED', mzxid: target.mzxid } });
    expect(await outcome).toMatchObject({ kind: 'converged' });
  });

  it('ends when it is refused, and not because a former one was', async () => {
    const a = await scene.startReplica('a');
    const former = await set('{}');
    const refused = (mzxid: string) =>
      ({ state: 'REFUSED', mzxid: null, error: { mzxid, message: '$.params.x' } }) as const;
    await a.report('iris', { ...idle('a'), config: refused(former.mzxid) });
    const target = await set('{"params":{}}');
    const { outcome, told } = waiting(target);
    await sizeToldIs(told, 1);
    expect(told.at(-1)?.[0]?.verdict).toEqual({ kind: 'pending', doing: 'has not applied it yet' });
    await a.report('iris', { ...idle('a'), config: refused(target.mzxid) });
    expect(await outcome).toEqual({
      kind: 'failed',
      fleet: [{ replica: 'a', verdict: { kind: 'failed', error: '$.params.x' } }],
    });
  });

  it('ends when another one is written', async () => {
    await scene.startReplica('a');
    const { outcome, told } = waiting(await set('{}'));
    await sizeToldIs(told, 1);
    await set('{}');
    expect(await outcome).toMatchObject({
      kind: 'superseded',
      by: expect.stringMatching(/another config/) as string,
    });
  });
});
