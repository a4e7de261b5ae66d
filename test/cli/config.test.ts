import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commandLineScene } from '../support/command-line-scene';
import { write } from '../support/fleet';

const scene = commandLineScene();

describe('config', () => {
  const config = async () => (await scene.cli.session.get(scene.cli.paths.config('iris')))?.data.toString();

  it('is {} while there is none', async () => {
    expect((await scene.cli.run(['config', 'get', 'iris'])).stderr).toMatch(/there is no model iris below/);
    await write(scene.cli.session, scene.cli.paths.version('iris'), '1');
    expect(await scene.cli.run(['config', 'get', 'iris'])).toEqual({
      status: 0,
      stdout: '{}\n',
      stderr: 'iris has no config of its own: every key has its default\n',
    });
  });

  it('is set from an operand, a file and standard input, and got back as it is', async () => {
    const first = await scene.cli.run(['config', 'set', 'iris', '{"params":{"threshold":0.5}}']);
    expect(first.stdout).toMatch(/^the config of iris is written \(zxid [0-9a-f]{16}\)\n$/);
    expect(first.stderr).toMatch(/iris has no version promoted yet/);
    expect(await config()).toBe('{"params":{"threshold":0.5}}');
    await scene.cli.run(['promote', 'iris', '1']);
    const file = join(scene.cli.models, 'config.json');
    await writeFile(file, '{ "batching": { "maxRows": 8 } }\n');
    expect(await scene.cli.run(['config', 'set', 'iris', `@${file}`])).toMatchObject({
      status: 0,
      stderr: '',
    });
    expect((await scene.cli.run(['config', 'get', 'iris'])).stdout).toBe(
      '{ "batching": { "maxRows": 8 } }\n',
    );
    expect((await scene.cli.run(['config', 'set', 'iris', '-'], { input: '{"params":{}}' })).status).toBe(0);
    expect(await config()).toBe('{"params":{}}');
  });

  it('prints a config that is no text byte by byte', async () => {
    await write(scene.cli.session, scene.cli.paths.config('iris'), '\u0001{');
    expect((await scene.cli.run(['config', 'get', 'iris'])).stdout).toBe('\u0001{\n');
  });

  it.each<[string, RegExp]>([
    [
      '{"batching":{"rows":1}}',
      /\$\.batching\.rows is not a key of the config; known here: maxRows, maxDelayMs/,
    ],
    ['{"params":', /the config is not valid JSON/],
    ['@/nowhere/config.json', /the config cannot be read: .*ENOENT/],
  ])('refuses %s with 1, and writes nothing', async (source, message) => {
    const { status, stdout, stderr } = await scene.cli.run(['config', 'set', 'iris', source]);
    expect(stderr).toMatch(message);
    expect(stderr.split('\n')).toHaveLength(2);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(await config()).toBeUndefined();
  });
});
