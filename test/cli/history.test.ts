import { hostname } from 'node:os';
import { commandLineScene } from '../support/command-line-scene';
import { write } from '../support/fleet';

const ZXID = /[0-9a-f]{16}/;

const scene = commandLineScene();

describe('history', () => {
  it('shows who changed what, when and why, newest first', async () => {
    await scene.cli.run(['promote', 'iris', '1', '--reason', 'first']);
    await scene.cli.run(['config', 'set', 'iris', `{"params":{"text":"${'x'.repeat(60)}"}}`]);
    await scene.cli.run(['promote', 'iris', '2']);
    const { status, stdout } = await scene.cli.run(['history', 'iris']);
    expect(status).toBe(0);
    const [heading, ...rows] = stdout.trimEnd().split('\n');
    expect(heading).toMatch(/^WHEN {18}ZXID {14}KIND {5}FROM {2}TO {2,}BY {2,}REASON$/);
    const when = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  ${ZXID.source}`;
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatch(new RegExp(`^${when}  promote  1     2 +\\S+@${hostname()}$`));
    expect(rows[1]).toMatch(new RegExp(`^${when}  config   -     \\{"params":.*\\.\\.\\.  `));
    expect(rows[2]).toMatch(new RegExp(`^${when}  promote  -     1 .*  first$`));
  });

  it('is JSON when asked, with the configs whole', async () => {
    await scene.cli.run(['config', 'set', 'iris', '{"params":{}}', '--reason', 'r']);
    const { stdout } = await scene.cli.run(['history', 'iris', '--json']);
    expect(JSON.parse(stdout)).toEqual([
      {
        when: expect.stringMatching(/^\d{4}-.*Z$/) as string,
        zxid: expect.stringMatching(ZXID) as string,
        kind: 'config',
        from: null,
        to: '{"params":{}}',
        by: expect.stringMatching(/@/) as string,
        reason: 'r',
      },
    ]);
  });

  it('says so when there is none', async () => {
    await write(scene.cli.session, scene.cli.paths.version('iris'), '1');
    const none = await scene.cli.run(['history', 'iris']);
    expect(none).toMatchObject({ status: 0, stdout: '' });
    expect(none.stderr).toMatch(/iris has no history/);
    expect((await scene.cli.run(['history', 'iris', '--json'])).stdout).toBe('[]\n');
  });

  it('of a model that nothing speaks of exits 1 and names those there are', async () => {
    const empty = await scene.cli.run(['history', 'iriss']);
    expect(empty).toMatchObject({ status: 1, stdout: '' });
    expect(empty.stderr).toMatch(/there is no model iriss below .*; there is none yet/);
    await scene.cli.run(['promote', 'iris', '1']);
    expect((await scene.cli.run(['history', 'iriss'])).stderr).toMatch(/there are: iris\n/);
  });
});
