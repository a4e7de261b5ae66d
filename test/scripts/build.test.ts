import { execFileSync } from 'node:child_process';
import { ScratchClone } from './scratch-clone';

describe('npm run build', () => {
  let clone: ScratchClone;
  const build = () => clone.run('scripts/bootstrap.mjs');
  const BUILT = {
    status: 0,
    output: expect.stringMatching(/^Building \(tsc\) \.\.\. [\d.]+ s\n$/) as string,
  };
  const NOTHING_TO_DO = { status: 0, output: '' };

  beforeEach(() => {
    clone = new ScratchClone();
    clone.linkDependencies();
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
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', '.'], { cwd: clone.folder });
    clone.write('src/one.ts', 'export const one = 1;\n');
    expect(await build()).toEqual(BUILT);
    expect(clone.read('dist/src/one.js')).toContain('1');
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
});
