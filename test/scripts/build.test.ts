import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { BUNDLER, ScratchClone } from './scratch-clone';

/** As much of tsc as matters here: it writes what changed since its own record, and trusts that record. */
const COMPILER = `
const fs = require('fs');
const path = require('path');
const sources = ['src', 'test']
  .filter((folder) => fs.existsSync(folder))
  .flatMap((folder) => fs.readdirSync(folder, { recursive: true }).map((name) => folder + '/' + name))
  .filter((name) => fs.statSync(name).isFile());
const texts = Object.fromEntries(sources.map((name) => [name, fs.readFileSync(name, 'utf8')]));
const wrong = sources.find((name) => texts[name].includes(': string = 1'));
if (wrong) {
  console.log(wrong + '(1,14): error TS2322');
  process.exit(2);
}
const record = 'dist/.tsbuildinfo';
const known = fs.existsSync(record) ? JSON.parse(fs.readFileSync(record, 'utf8')) : {};
for (const name of sources.filter((name) => known[name] !== texts[name])) {
  const output = 'dist/' + name.replace(/ts$/, 'js');
  fs.mkdirSync(path.dirname(output), { recursive: true });
  fs.writeFileSync(output, texts[name]);
}
fs.writeFileSync(record, JSON.stringify(texts));
`;
const PROGRAM = 'src/cli/main.ts';
const BUNDLE = 'dist/bundle/zooserve.js';
const BEFORE_JEST = "import(require('./jest.config.cjs').globalSetup).then((setUp) => setUp.default())";
const TSC = 'node_modules/typescript/bin/tsc';

describe('npm run build', () => {
  let clone: ScratchClone;
  const build = () => clone.run('scripts/bootstrap.mjs');
  const beforeJest = () => clone.run('--eval', BEFORE_JEST);
  const BUILT = {
    status: 0,
    output: expect.stringMatching(/^Building \(tsc, esbuild\) \.\.\. [\d.]+ s\n$/) as string,
  };
  const NOTHING_TO_DO = { status: 0, output: '' };

  beforeEach(() => {
    clone = new ScratchClone();
    // A link, so that the set-up leaves it alone.
    symlinkSync('.modules', join(clone.folder, 'node_modules'));
    clone.write(TSC.replace('node_modules', '.modules'), COMPILER);
    clone.write('.modules/esbuild/index.js', BUNDLER);
  });
  afterEach(() => {
    clone[Symbol.dispose]();
  });

  test('builds once, and again only when a source has changed', async () => {
    expect(await build()).toEqual(BUILT);
    expect(await build()).toEqual(NOTHING_TO_DO);
    clone.write('src/one.ts', 'export const one = 11;\n');
    expect(await build()).toEqual(BUILT);
    expect(clone.read('dist/src/one.js')).toContain('11');
    expect(await build()).toEqual(NOTHING_TO_DO);
  });

  test('deletes what was built of sources that are gone', async () => {
    clone.write('test/old.test.ts', 'export {};\n');
    clone.write('src/data.json', '{}');
    await build();
    expect(clone.has('dist/test/old.test.js')).toBe(true);
    clone.remove('test/old.test.ts');
    expect(await build()).toEqual(BUILT);
    expect(clone.has('dist/test/old.test.js')).toBe(false);
    expect(clone.has('dist/src/one.js')).toBe(true);
  });

  test('builds again when an output is gone, or dist was built of other sources by hand', async () => {
    await build();
    clone.remove('dist/src/one.js');
    expect(await build()).toEqual(BUILT);
    expect(clone.has('dist/src/one.js')).toBe(true);

    clone.write('src/one.ts', 'export const one = 2;\n');
    execFileSync(process.execPath, [TSC], { cwd: clone.folder });
    clone.write('src/one.ts', 'export const one = 1;\n');
    expect(await build()).toEqual(BUILT);
    expect(clone.read('dist/src/one.js')).toContain('1');
  });

  test('bundles again when the bundle is gone, or was made of other sources by hand', async () => {
    await build();
    expect(clone.read(BUNDLE)).toContain("from '../one'");
    clone.remove(BUNDLE);
    expect(await build()).toEqual(BUILT);
    expect(clone.has(BUNDLE)).toBe(true);

    const source = clone.read(PROGRAM);
    clone.write(PROGRAM, 'export const other = 2;\n');
    await clone.run('scripts/bundle.mjs');
    clone.write(PROGRAM, source);
    expect(clone.read(BUNDLE)).toContain('other');
    expect(await build()).toEqual(BUILT);
    expect(clone.read(BUNDLE)).toBe(source);
    expect(await build()).toEqual(NOTHING_TO_DO);
  });

  test('jest bundles what tsc was run on by hand, and starts what its tests share', async () => {
    clone.copy('jest.config.cjs');
    clone.write(
      'test/support/share-zookeeper.ts',
      "exports.default = () => Promise.resolve().then(() => console.log('shared'));\n",
    );
    const SHARED = { status: 0, output: 'shared\n' };
    await build();
    clone.write(PROGRAM, 'export const other = 2;\n');
    execFileSync(process.execPath, [TSC], { cwd: clone.folder });
    clone.changedAt(BUNDLE, 1000);
    expect(await beforeJest()).toEqual(SHARED);
    expect(clone.read(BUNDLE)).toContain('other');

    clone.write(BUNDLE, 'newer than all that it is made of');
    expect(await beforeJest()).toEqual(SHARED);
    expect(clone.read(BUNDLE)).toContain('newer');
  });

  test('says what cannot be bundled, each time, until it can', async () => {
    clone.remove('node_modules');
    clone.linkDependencies();
    clone.write(
      PROGRAM,
      "declare const require: (name: string) => unknown;\nrequire('./missing');\nexport {};\n",
    );
    for (const run of [await build(), await build()]) {
      expect(run.status).toBe(1);
      expect(run.output).toContain('The program cannot be bundled:');
      expect(run.output).toContain('Could not resolve "./missing"');
      expect(run.output).toContain('src/cli/main.ts:2');
    }
    clone.write(PROGRAM, "export { one } from '../one';\n");
    expect(await build()).toEqual(BUILT);
    expect(clone.read(BUNDLE)).toContain('one = 1');
  });

  test('says what does not compile, each time, until it does', async () => {
    clone.write('src/one.ts', 'export const one: string = 1;\n');
    for (const run of [await build(), await build()]) {
      expect(run.status).toBe(1);
      expect(run.output).toMatch(
        /\.\.\. failed\n\nThe TypeScript sources do not compile:\nsrc\/one\.ts\(1,14\): error TS2322/,
      );
    }
    clone.write('src/one.ts', 'export const one = 1;\n');
    expect(await build()).toEqual(BUILT);
  });

  test('the real compiler too writes an output again that is gone', async () => {
    clone.remove('node_modules');
    clone.linkDependencies();
    expect(await build()).toEqual(BUILT);
    clone.remove('dist/src/one.js');
    expect(await build()).toEqual(BUILT);
    expect(clone.has('dist/src/one.js')).toBe(true);
    expect(await build()).toEqual(NOTHING_TO_DO);
  });
});
