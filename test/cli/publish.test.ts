import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readManifest } from '../../src/registry/catalog';
import { commandLineScene } from '../support/command-line-scene';
import { write } from '../support/fleet';

const PROJECT = join(__dirname, '..', '..', '..');
const IRIS_2 = join(PROJECT, 'models', 'iris', '2', 'model.onnx');
const fixture = (name: string) => join(PROJECT, 'test', 'fixtures', 'models', name, '1', 'model.onnx');

const scene = commandLineScene();
/** An empty repository. */
let models: string;

beforeEach(async () => {
  models = await mkdtemp(join(tmpdir(), 'zooserve-publish-'));
});
afterEach(() => rm(models, { recursive: true }));

const publish = (version: string, file: string) =>
  scene.cli.run(['publish', 'iris', version, file, '--models', models]);
const digestOf = async (path: string) =>
  createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
const inCatalog = (version: string) => readManifest(scene.cli.session, scene.cli.paths, 'iris', version);

describe('publish', () => {
  it('copies the model with what belongs to it, and enters digest, signature and probes in the catalog', async () => {
    const { status, stdout } = await publish('7', IRIS_2);
    expect(status).toBe(0);
    const bytes = await readFile(IRIS_2);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const directory = join(models, 'iris', '7');
    expect(stdout).toBe(`iris 7 is published: ${directory} (${bytes.length} bytes, sha256 ${sha256})\n`);
    expect((await readdir(directory)).sort()).toEqual(['handler.js', 'model.json', 'model.onnx']);
    expect(await readFile(join(directory, 'model.onnx'))).toEqual(bytes);
    const probes = JSON.parse(await readFile(join(directory, 'model.json'), 'utf8')) as { probes: unknown[] };
    expect(await inCatalog('7')).toEqual({
      sha256,
      bytes: bytes.length,
      files: {
        'model.json': await digestOf(join(directory, 'model.json')),
        'handler.js': await digestOf(join(directory, 'handler.js')),
      },
      uri: pathToFileURL(join(directory, 'model.onnx')).href,
      inputs: [{ name: expect.any(String) as string, datatype: 'FP32', shape: [-1, 4] }],
      outputs: expect.arrayContaining([
        { name: expect.any(String) as string, datatype: 'INT64', shape: [-1] },
      ]) as unknown[],
      probes: probes.probes.length,
      when: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      by: expect.stringMatching(/@/) as string,
    });
    expect((await scene.cli.run(['promote', 'iris', '7'])).status).toBe(0);
  });

  it('takes the same bytes again, and puts files back that were lost', async () => {
    await publish('7', IRIS_2);
    const first = await inCatalog('7');
    await rm(join(models, 'iris'), { recursive: true });
    const again = await publish('7', IRIS_2);
    expect(again.status).toBe(0);
    expect(again.stdout).toMatch(/^iris 7 is published already, with the same bytes: /);
    expect(await inCatalog('7')).toEqual(first);
    expect(await readdir(join(models, 'iris', '7'))).toContain('model.onnx');
  });

  it('enters a version that is in its place already', async () => {
    await cp(join(PROJECT, 'models', 'iris', '1'), join(models, 'iris', '1'), { recursive: true });
    expect((await publish('1', join(models, 'iris', '1', 'model.onnx'))).status).toBe(0);
    expect(await inCatalog('1')).toMatchObject({
      uri: expect.stringMatching(/^file:.*iris\/1\/model.onnx$/) as string,
    });
  });

  it('refuses other bytes under a version that is taken: in the catalog, in the repository', async () => {
    await publish('7', IRIS_2);
    await rm(join(models, 'iris'), { recursive: true });
    const other = await publish('7', fixture('identity_fp32'));
    expect(other.status).toBe(1);
    expect(other.stderr).toMatch(
      /^zooserve: version 7 of iris was published by .* with other bytes .* another version\n$/,
    );
    expect(await readdir(models)).toEqual([]);
    await cp(join(PROJECT, 'models', 'iris', '1'), join(models, 'iris', '8'), { recursive: true });
    const taken = await publish('8', fixture('identity_fp32'));
    expect(taken.status).toBe(1);
    expect(taken.stderr).toMatch(/zooserve: .* in the repository with other bytes/);
    expect(await inCatalog('8')).toBeUndefined();
  });

  it('refuses another handler.js, or none, with the same model', async () => {
    await publish('7', IRIS_2);
    const source = join(models, 'source');
    await cp(join(PROJECT, 'models', 'iris', '2'), source, { recursive: true });
    await writeFile(join(source, 'handler.js'), 'export default {};');
    const refused =
      /^zooserve: version 7 of iris was published by .* with other handler\.js \(.*another version\n$/;
    expect(await publish('7', join(source, 'model.onnx'))).toMatchObject({ status: 1, stdout: '' });
    expect((await publish('7', join(source, 'model.onnx'))).stderr).toMatch(refused);
    await rm(join(source, 'handler.js'));
    expect((await publish('7', join(source, 'model.onnx'))).stderr).toMatch(refused);
  });

  it.each<[string, RegExp]>([
    ['truncated', /zooserve: .+/],
    ['not_onnx', /zooserve: .+/],
    ['empty', /zooserve: .+/],
    ['sequence_output', /zooserve: .+/],
    ['bad_probe', /zooserve: .*probe/],
    ['bad_settings', /zooserve: .*model\.json/],
  ])('refuses a model that is %s, and leaves nothing behind', async (name, message) => {
    const { status, stderr, stdout } = await publish('7', fixture(name));
    expect(stderr).toMatch(message);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(await readdir(models)).toEqual([]);
    expect(await inCatalog('7')).toBeUndefined();
  });

  it('refuses a file that is not there, and an entry that is no manifest', async () => {
    expect(await publish('7', join(models, 'none.onnx'))).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^zooserve: there is no file .*none\.onnx that can be read\n$/) as string,
    });
    await write(scene.cli.session, scene.cli.paths.catalog('iris', '7'), 'noise');
    expect((await publish('7', IRIS_2)).stderr).toMatch(/holds something that is no manifest/);
  });

  it('passes over a model.json that is not there', async () => {
    const lonely = join(models, 'lonely.onnx');
    await writeFile(lonely, await readFile(fixture('identity_fp32')));
    expect((await publish('9', lonely)).status).toBe(0);
    expect(await inCatalog('9')).toMatchObject({ probes: 0 });
  });
});
