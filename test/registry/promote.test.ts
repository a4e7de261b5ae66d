import { ZooKeeperError } from '../../src/errors';
import { publishManifest } from '../../src/registry/catalog';
import { commitChange } from '../../src/registry/commit-change';
import { promote } from '../../src/registry/promote';
import { readHistory } from '../../src/registry/read-history';
import { connect, freshPaths, MANIFEST, write } from '../support/fleet';
import { connectionLost, meddling, replacing } from '../support/meddling';
import { registryScene } from '../support/registry-scene';

const BY = 'me@host';

const scene = registryScene();

const promoted = async () => (await scene.session.get(scene.paths.version('iris')))?.data.toString();

/** The first call fails for want of a connection. */
function failingFirst<T>(act: (path: string) => Promise<T>): (path: string) => Promise<T> {
  let calls = 0;
  return (path) => {
    calls += 1;
    return calls === 1 ? Promise.reject(connectionLost(false)) : act(path);
  };
}

const timeline = async () =>
  (await readHistory(scene.session, scene.paths, 'iris')).map(
    ({ kind, from, to }) => `${kind} ${from ?? '-'} ${to}`,
  );

describe('promote', () => {
  it('makes every znode that is missing, and answers the fence of the write', async () => {
    const done = await promote(scene.session, scene.paths, {
      model: 'iris',
      version: '2',
      by: BY,
      reason: 'why not',
    });
    const node = await scene.session.get(scene.paths.version('iris'));
    expect(done).toEqual({ model: 'iris', from: null, to: '2', mzxid: node!.stat.mzxid });
    expect(node!.data.toString()).toBe('2');
    const [entry] = await readHistory(scene.session, scene.paths, 'iris');
    expect(entry).toMatchObject({ kind: 'promote', from: null, to: '2', by: BY, reason: 'why not' });
    expect(entry).toMatchObject({ zxid: done.mzxid, name: 'h-0000000000', when: node!.stat.mtime });
  });

  it('makes a chroot that is missing, and works at its top', async () => {
    const inside = await connect(`${scene.zookeeper.connectString}/chroot-${process.pid}`);
    const top = freshPaths();
    const done = await promote(inside, top, { model: 'iris', version: '2', by: BY });
    expect((await scene.other.get(`/chroot-${process.pid}${top.version('iris')}`))?.stat.mzxid).toBe(
      done.mzxid,
    );
    await inside[Symbol.asyncDispose]();
  });

  it('writes pinned znodes, with the history under the root', async () => {
    const pinned = freshPaths([{ model: 'iris', versionPath: `${scene.paths.root}-own/a/version` }]);
    await promote(scene.session, pinned, { model: 'iris', version: '3', by: BY });
    expect((await scene.session.get(`${scene.paths.root}-own/a/version`))?.data.toString()).toBe('3');
    expect(await readHistory(scene.session, pinned, 'iris')).toHaveLength(1);
    expect(await scene.session.exists(pinned.model('iris'))).toBeUndefined();
  });

  it('keeps a history, newest first, also of the same version again, each with its own zxid', async () => {
    for (const version of ['1', '2', '2'])
      await promote(scene.session, scene.paths, { model: 'iris', version, by: BY });
    expect(await timeline()).toEqual(['promote 2 2', 'promote 1 2', 'promote - 1']);
    const zxids = (await readHistory(scene.session, scene.paths, 'iris')).map((entry) => entry.zxid);
    expect([...zxids].sort().reverse()).toEqual(zxids);
    expect((await readHistory(scene.session, scene.paths, 'iris', 1)).map((entry) => entry.from)).toEqual([
      '2',
    ]);
  });

  it('says nothing of what was there when that is no version', async () => {
    await write(scene.session, scene.paths.version('iris'), 'x'.repeat(100_000));
    expect(
      (await promote(scene.session, scene.paths, { model: 'iris', version: '1', by: BY })).from,
    ).toBeNull();
  });

  it('passes over strangers in the history', async () => {
    await promote(scene.session, scene.paths, { model: 'iris', version: '1', by: BY });
    await write(scene.session, `${scene.paths.history('iris')}/h-0000000007`, 'noise');
    await write(scene.session, `${scene.paths.history('iris')}/other`, '{}');
    expect(await timeline()).toEqual(['promote - 1']);
  });

  it('reads again and tells the truth when others were faster: set, created, deleted', async () => {
    const busy = meddling(scene.session, async (attempt) => {
      if (attempt === 1) await write(scene.other, scene.paths.version('iris'), '8');
      if (attempt === 2) await write(scene.other, scene.paths.version('iris'), '9');
      if (attempt === 3) await scene.other.remove(scene.paths.version('iris'));
      if (attempt === 4) await write(scene.other, scene.paths.version('iris'), '7');
    });
    const done = await promote(busy, scene.paths, { model: 'iris', version: '2', by: BY });
    expect(done.from).toBe('7');
    expect(await promoted()).toBe('2');
    expect(await timeline()).toEqual(['promote 7 2']);
  });

  it('gives up when it is never fast enough', async () => {
    const busy = meddling(scene.session, (attempt) =>
      write(scene.other, scene.paths.version('iris'), String(attempt)),
    );
    await expect(promote(busy, scene.paths, { model: 'iris', version: 'mine', by: BY })).rejects.toThrow(
      ZooKeeperError,
    );
    expect(await promoted()).not.toBe('mine');
  });

  it('holds to the manifest that it read', async () => {
    await publishManifest(scene.session, scene.paths, 'iris', '2', MANIFEST);
    let changes = 0;
    const busy = meddling(scene.session, async (attempt) => {
      if (attempt > 1) return;
      changes += 1;
      await scene.other.remove(scene.paths.catalog('iris', '2'));
    });
    await promote(busy, scene.paths, { model: 'iris', version: '2', by: BY });
    expect(changes).toBe(1);
    expect(await timeline()).toEqual(['promote - 2']);
  });

  it('finds out that a write happened whose reply was lost, and does not write it twice', async () => {
    const lossy = meddling(
      scene.session,
      () => Promise.resolve(),
      (attempt) => {
        if (attempt === 1) throw connectionLost(true);
      },
    );
    const done = await promote(lossy, scene.paths, { model: 'iris', version: '2', by: BY });
    expect(await timeline()).toEqual(['promote - 2']);
    expect(done.mzxid).toBe((await scene.session.exists(scene.paths.version('iris')))?.mzxid);
  });

  it('writes again when the lost one did not happen', async () => {
    const lossy = meddling(scene.session, (attempt) =>
      attempt === 1 ? Promise.reject(connectionLost(true)) : Promise.resolve(),
    );
    await promote(lossy, scene.paths, { model: 'iris', version: '2', by: BY });
    expect(await timeline()).toEqual(['promote - 2']);
  });

  it('asks the newest state whether a lost write happened, and again when that is lost too', async () => {
    let synced = false;
    const lossy = meddling(
      replacing(
        replacing(scene.session, 'sync', async (path) => {
          await scene.session.sync(path);
          synced = true;
        }),
        'children',
        // As by a server that lags behind the one that took the write, and then by none.
        failingFirst((path: string) => (synced ? scene.session.children(path) : Promise.resolve(undefined))),
      ),
      () => Promise.resolve(),
      (attempt) => {
        if (attempt === 1) throw connectionLost(true);
      },
    );
    await promote(lossy, scene.paths, { model: 'iris', version: '2', by: BY });
    expect(await timeline()).toEqual(['promote - 2']);
  });

  it('waits for a connection that breaks before the write, and for one that breaks after it', async () => {
    const before = replacing(
      scene.session,
      'get',
      failingFirst((path) => scene.session.get(path)),
    );
    const after = replacing(
      scene.session,
      'children',
      failingFirst((path) => scene.session.children(path)),
    );
    for (const [version, breaking] of Object.entries({ before, after })) {
      const done = await promote(breaking, scene.paths, { model: 'iris', version, by: BY });
      expect(done.mzxid).toBe((await scene.session.exists(scene.paths.version('iris')))?.mzxid);
    }
    expect(await timeline()).toEqual(['promote before after', 'promote - before']);
  });

  it('says that it may have been written when that could not be found out', async () => {
    const unable = replacing(scene.session, 'children', () => Promise.reject(connectionLost(false)));
    await expect(promote(unable, scene.paths, { model: 'iris', version: '2', by: BY })).rejects.toMatchObject(
      {
        code: 'CONNECTION_LOSS',
        message: expect.stringContaining('may have been written') as string,
        outcome: { mayHaveHappened: true, retryable: true },
      },
    );
    expect(await timeline()).toEqual(['promote - 2']);
  });

  it('says the same when what it is to be is refused after a write that was not answered', async () => {
    let decisions = 0;
    const lossy = meddling(scene.session, () => Promise.reject(connectionLost(true)));
    const changing = commitChange(lossy, scene.paths, {
      ...{ model: 'iris', kind: 'promote', path: scene.paths.version('iris'), by: BY, reason: undefined },
      decide: () => {
        decisions += 1;
        if (decisions === 2) throw new Error('changed meanwhile');
        return { from: null, to: '2' };
      },
    });
    await expect(changing).rejects.toMatchObject({
      message: expect.stringMatching(/^changed meanwhile; .* may have been written/) as string,
      outcome: { mayHaveHappened: true },
    });
  });

  it('hands on what no retry can help, and what is no ZooKeeper trouble', async () => {
    const refused = new ZooKeeperError('NO_AUTH', 'not allowed', {
      mayHaveHappened: false,
      retryable: false,
    });
    for (const error of [refused, new TypeError('a bug')]) {
      const failing = meddling(scene.session, () => Promise.reject(error));
      await expect(promote(failing, scene.paths, { model: 'iris', version: '2', by: BY })).rejects.toBe(
        error,
      );
    }
  });

  it('says so when its own record cannot be found again', async () => {
    const hidden = replacing(scene.session, 'children', () => Promise.resolve(undefined));
    await expect(promote(hidden, scene.paths, { model: 'iris', version: '2', by: BY })).rejects.toThrow(
      /was written, but its history record is gone/,
    );
  });
});

describe('commitChange', () => {
  it('writes nothing when the decision is a refusal', async () => {
    const refusing = commitChange(scene.session, scene.paths, {
      model: 'iris',
      kind: 'promote',
      path: scene.paths.version('iris'),
      by: BY,
      reason: undefined,
      decide: () => {
        throw new Error('no');
      },
    });
    await expect(refusing).rejects.toThrow('no');
    expect(await scene.session.exists(scene.paths.root)).toBeUndefined();
  });
});
