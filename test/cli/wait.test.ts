import { commandLineScene } from '../support/command-line-scene';
import { failing, idle, PuppetReplica, serving, write } from '../support/fleet';

const scene = commandLineScene();

describe('--wait', () => {
  let a: PuppetReplica;
  let b: PuppetReplica;
  beforeEach(async () => {
    a = await PuppetReplica.start(scene.cli.connectString, scene.cli.paths, 'a');
    b = await PuppetReplica.start(scene.cli.connectString, scene.cli.paths, 'b');
  });
  afterEach(async () => {
    await a.end();
    await b.end();
  });

  /** Each write of the version znode, as a replica sees it. */
  function following(report: (mzxid: string, version: string) => Promise<unknown>): Disposable {
    const subscription = scene.cli.session
      .watchData(scene.cli.paths.version('iris'))
      .subscribe(({ node }) => {
        if (node !== undefined) void report(node.stat.mzxid, node.data.toString());
      });
    return {
      [Symbol.dispose]: () => {
        subscription.unsubscribe();
      },
    };
  }

  it('returns 0 when every live replica serves it, with plain lines of progress', async () => {
    using _ = following(async (mzxid, version) => {
      await a.report('iris', serving('a', version, mzxid));
      await b.report('iris', { ...serving('b', version, mzxid), phase: 'LOADING' });
      await b.report('iris', serving('b', version, mzxid));
    });
    const { status, stdout, stderr } = await scene.cli.run([
      'promote',
      'iris',
      '2',
      '--wait',
      '--timeout',
      '20',
    ]);
    expect(stdout).toMatch(/^iris: none -> 2 .*\niris 2 is served by 2 live replicas \(\d+\.\d\d s\)\n$/);
    expect(stderr).toMatch(/^(iris 2: \d of 2 live replicas.*\n)+$/);
    expect(status).toBe(0);
    const back = await scene.cli.run(['rollback', 'iris', '1', '--wait']);
    expect(back.status).toBe(0);
    expect(back.stdout).toMatch(/iris 1 is served by 2 live replicas/);
  });

  it('returns 2 when a replica failed and will not retry, with its error', async () => {
    using _ = following(async (mzxid, version) => {
      await a.report('iris', serving('a', version, mzxid));
      const error = {
        code: 'NOT_FOUND',
        message: 'version 2 is not in the repository',
        retryable: false,
      } as const;
      await b.report('iris', failing('b', version, mzxid, error));
    });
    const { status, stderr } = await scene.cli.run(['promote', 'iris', '2', '--wait']);
    expect(stderr).toMatch(/\nzooserve: replica b failed: NOT_FOUND: version 2 is not in the repository\n$/);
    expect(status).toBe(2);
  });

  it('returns 3 when it takes too long, and names those that are not there yet', async () => {
    using _ = following((mzxid, version) => a.report('iris', serving('a', version, mzxid)));
    const { status, stderr } = await scene.cli.run(['promote', 'iris', '2', '--wait', '--timeout', '0.5']);
    expect(stderr).toMatch(
      /\nzooserve: timed out after 0.5 s: iris 2: 1 of 2 live replicas; b has reported nothing yet\n$/,
    );
    expect(status).toBe(3);
  });

  it('returns 4 when it is written but no replica is live', async () => {
    await a.end();
    await b.end();
    const { status, stdout, stderr } = await scene.cli.run(['promote', 'iris', '2', '--wait']);
    expect(stdout).toMatch(/^iris: none -> 2/);
    expect(stderr).toBe('zooserve: iris 2 is written, but no replica is live\n');
    expect(status).toBe(4);
  });

  it('returns 1 when something else is written meanwhile', async () => {
    using _ = following(async (_mzxid, version) => {
      if (version === '2') await write(scene.cli.session, scene.cli.paths.version('iris'), '1');
    });
    const { status, stderr } = await scene.cli.run(['promote', 'iris', '2', '--wait']);
    expect(stderr).toMatch(
      /zooserve: iris 2 was written, but then version 1 was promoted .*; no longer waiting\n$/,
    );
    expect(status).toBe(1);
  });

  it('waits for a config to be applied, and returns 2 when it is refused', async () => {
    const subscription = scene.cli.session.watchData(scene.cli.paths.config('iris')).subscribe(({ node }) => {
      if (node === undefined) return;
      const { mzxid } = node.stat;
      const refused = node.data.toString() !== '{}';
      void a.report('iris', {
        ...idle('a'),
        config: refused
          ? { state: 'REFUSED', mzxid: null, error: { mzxid, message: '$.params.threshold is no number' } }
          : { state: 'APPLIED', mzxid },
      });
    });
    await b.end();
    const applied = await scene.cli.run(['config', 'set', 'iris', '{}', '--wait']);
    expect(applied.stdout).toMatch(/\nthe config of iris is applied by 1 live replica \(/);
    expect(applied.status).toBe(0);
    const refused = await scene.cli.run(['config', 'set', 'iris', '{"params":{"threshold":"x"}}', '--wait']);
    expect(refused.stderr).toMatch(/zooserve: replica a failed: \$\.params\.threshold is no number\n$/);
    expect(refused.status).toBe(2);
    subscription.unsubscribe();
  });
});
