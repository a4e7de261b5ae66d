import { commandLineScene } from '../support/command-line-scene';
import { failing, PuppetReplica, serving, write } from '../support/fleet';

const ZXID = /[0-9a-f]{16}/;

const scene = commandLineScene();

describe('status', () => {
  it('says so when there is no model, and names those there are for an unknown one', async () => {
    expect(await scene.cli.run(['status'])).toEqual({
      status: 0,
      stdout: '',
      stderr: `there is no model below ${scene.cli.paths.root} yet: zooserve promote <model> <version>\n`,
    });
    expect((await scene.cli.run(['status', 'roses'])).stderr).toMatch(
      /there is no model roses below .*; there is none yet/,
    );
    await scene.cli.run(['promote', 'iris', '1']);
    const unknown = await scene.cli.run(['status', 'roses']);
    expect(unknown).toMatchObject({ status: 1, stdout: '' });
    expect(unknown.stderr).toMatch(/^zooserve: there is no model roses below .*; there are: iris\n$/);
  });

  it('shows every replica: wanted, served, since when, what failed; live or dead', async () => {
    await scene.cli.run(['promote', 'iris', '1']);
    await scene.cli.run(['promote', 'iris', '2']);
    await write(scene.cli.session, scene.cli.paths.version('bad'), '..');
    const { mzxid } = (await scene.cli.session.exists(scene.cli.paths.version('iris')))!;
    const replicas = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) =>
        PuppetReplica.start(scene.cli.connectString, scene.cli.paths, name),
      ),
    );
    const [a, b, c, d] = replicas;
    await a!.report('iris', serving('a', '2', mzxid));
    const missing = { code: 'NOT_FOUND', message: 'no\nfile', retryable: true } as const;
    await b!.report('iris', {
      ...failing('b', '2', mzxid, missing),
      serving: { version: '1', mzxid: '0000000000000001', sha256: 'a'.repeat(64) },
      workers: { alive: 1, wanted: 4 },
      config: { state: 'REFUSED', mzxid: null, error: { mzxid, message: '$.x' } },
    });
    await c!.report('iris', { ...serving('c', '1', '0000000000000001'), stale: true });
    await d!.report('iris', serving('d', '2', mzxid));
    await d!.end();
    await write(scene.cli.session, scene.cli.paths.status('iris', 'f'), 'noise');
    try {
      const { status, stdout, stderr } = await scene.cli.run(['status', 'iris']);
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      const rows = stdout.trimEnd().split('\n');
      const columns = rows.map((row) => row.split(/ {2,}/));
      expect(columns[0]).toEqual([
        'MODEL',
        'REPLICA',
        'LIVE',
        'WANTED',
        'SERVES',
        'PHASE',
        'SINCE',
        'CONFIG',
        'WHAT FAILED',
      ]);
      const since = expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/) as string;
      expect(columns.slice(1)).toEqual([
        ['iris', 'a', 'live', '2', '2', 'SERVING', since, 'default'],
        [
          'iris',
          'b',
          'live',
          '2',
          '1',
          'FAILED (1 of 4 workers)',
          since,
          'refused',
          'NOT_FOUND: no file (will try again); config: $.x',
        ],
        ['iris', 'c', 'live', '2', '1', 'SERVING (behind, stale)', since, 'default'],
        [
          'iris',
          'd',
          'dead',
          '2',
          '2',
          'SERVING',
          since,
          'default',
          'no longer live: this was its last report',
        ],
        ['iris', 'e', 'live', '2', '-', '-', '-', '-', 'has reported nothing'],
        ['iris', 'f', 'dead', '2', '-', '-', since, '-', 'its status cannot be read'],
      ]);
      const all = JSON.parse((await scene.cli.run(['status', '--json'])).stdout) as { model: string }[];
      expect(all.map(({ model }) => model)).toEqual(['bad', 'iris']);
      expect(all[0]).toMatchObject({
        wanted: { version: null, reason: expect.stringMatching(/no version/) as string },
      });
      expect(all[1]).toMatchObject({
        wanted: { version: '2', mzxid },
        config: null,
        replicas: [
          { replica: 'a', live: true, info: { url: 'http://a' }, status: { phase: 'SERVING' } },
          {},
          {},
          {},
          {},
          {},
        ],
      });
    } finally {
      await Promise.all(replicas.map((replica) => replica.end()));
    }
  });

  it('has a row for a model without a replica, whatever its znode says', async () => {
    await scene.cli.run(['promote', 'iris', '2']);
    await write(scene.cli.session, scene.cli.paths.version('bad'), '..');
    await write(scene.cli.session, scene.cli.paths.config('empty'), '{}');
    const { stdout } = await scene.cli.run(['status']);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((row) => row.split(/ {2,}/).slice(0, 4)),
    ).toEqual([
      ['bad', '-', 'no replica', 'invalid'],
      ['empty', '-', 'no replica', '-'],
      ['iris', '-', 'no replica', '2'],
    ]);
    const [, empty] = JSON.parse((await scene.cli.run(['status', '--json'])).stdout) as object[];
    expect(empty).toMatchObject({ wanted: null, config: { mzxid: expect.stringMatching(ZXID) as string } });
  });
});
