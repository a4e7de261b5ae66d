import { ScratchClone } from './scratch-clone';

const CORE = '/usr/bin:/bin';

describe('npm test', () => {
  let clone: ScratchClone;
  beforeEach(() => {
    clone = new ScratchClone();
    clone.linkDependencies();
    clone.write('zookeeper/zookeeper.jar', '');
    clone.program('java', 'exit 0');
    // Stands for npm: runs what package.json says for `npm test`.
    clone.program('npm', 'exec node -r ./scripts/node-version.cjs scripts/test.mjs');
    clone.setEnvironment({
      PATH: `${clone.folder}/.programs:${process.execPath.replace(/\/node$/, '')}:${CORE}`,
      ZOOKEEPER_HOME: `${clone.folder}/zookeeper`,
    });
  });
  afterEach(() => {
    clone[Symbol.dispose]();
  });

  test('with arguments: jest alone, and totals that count a suite that does not load', async () => {
    clone.write(
      'jest.config.cjs',
      "module.exports = { rootDir: 'dist', transform: {}, testMatch: ['**/*.test.js'] };",
    );
    clone.write('test/a.test.ts', 'declare const test: any; test("a", () => {}); test.skip("b", () => {});');
    expect(await clone.run('scripts/test.mjs', 'dist/test/a')).toEqual({
      status: 0,
      output: expect.stringMatching(/\n1 passed, 0 failed\n$/) as string,
    });

    clone.write('test/b.test.ts', 'throw new Error("does not load");');
    const { status, output } = await clone.run('scripts/test.mjs', 'dist/test');
    expect(status).toBe(1);
    expect(output).toMatch(/\n1 passed, 1 failed\n$/);
    expect(output).not.toContain('eslint');
  });

  test('.ci/run keeps the status and ends with the totals, also when no test ran', async () => {
    clone.write('src/one.ts', 'not TypeScript');
    const { status, output } = await clone.run(
      '--eval',
      'process.exitCode = child_process.spawnSync("./.ci/run", { stdio: "inherit" }).status',
    );
    expect(status).toBe(1);
    expect(output).toMatch(/\n0 passed, 1 failed\n$/);
  });
});
