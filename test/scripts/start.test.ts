import { eventually } from '../support/eventually';
import { execFileSync } from 'node:child_process';
import { PROJECT_ROOT } from '../support/serve-process';
import { ScratchClone } from './scratch-clone';

/**
 * Stands for the real program: says how it was called, and closes a moment after the first SIGTERM. The build starts it as
 * `serve`.
 */
const MAIN = `
declare const process: any, setTimeout: any, console: any;
export async function main(argv: readonly string[]): Promise<number> {
  if (argv[1] === 'fail') return 1;
  if (argv[0] === 'serve') return 0;
  console.log('main', argv.join(' '), process.env.PORT);
  return await new Promise((resolve) => {
    const alive = setTimeout(() => resolve(70), 60000);
    process.on('SIGTERM', () => setTimeout(() => { clearTimeout(alive); resolve(0); }, 50));
  });
}
declare function clearTimeout(timer: any): void;
`;

describe('npm start', () => {
  let clone: ScratchClone;
  beforeEach(() => {
    clone = new ScratchClone();
    clone.linkDependencies();
    clone.write('src/cli/main.ts', MAIN);
    clone.write('zookeeper/zookeeper.jar', '');
    clone.program('java', 'exit 0');
    clone.setEnvironment({ ZOOKEEPER_HOME: `${clone.folder}/zookeeper`, PORT: '0' });
  });
  afterEach(() => {
    clone[Symbol.dispose]();
  });

  test('builds, runs `dev` with its arguments, ends with 0 on a SIGTERM that comes twice, and with its status', async () => {
    const running = clone.start('scripts/start.mjs', '--port', '8081');
    await eventually(() => running.output().includes('main dev --port 8081 0'), Boolean, 20_000);
    // A supervisor's signal to the process group comes twice: npm passes its own on.
    running.child.kill('SIGTERM');
    running.child.kill('SIGTERM');
    expect((await running.ended).status).toBe(0);

    expect(await clone.run('scripts/start.mjs', 'fail')).toEqual({ status: 1, output: '' });
  });

  test('asked to end during the set-up, it ends with 0 and starts nothing; Ctrl-C is 130', async () => {
    for (const [signal, status] of [
      ['SIGTERM', 0],
      ['SIGINT', 130],
    ] as const) {
      const running = clone.start('scripts/start.mjs');
      await eventually(() => running.output().includes('Building'));
      running.child.kill(signal);
      const ended = await running.ended;
      expect(ended.status).toBe(status);
      expect(ended.output).toBe('Building (tsc, esbuild) ... failed\n');
    }
  });

  test('without ZooKeeper it says so before anything else', async () => {
    clone.setEnvironment({ ZOOKEEPER_HOME: '/nowhere' });
    const { status, output } = await clone.run('scripts/start.mjs');
    expect(status).toBe(1);
    expect(output).toMatch(/^\nZOOKEEPER_HOME is \/nowhere, and there is no zookeeper jar/);
  });
});

const RECORD = "await (await import('./scripts/record-start.mjs')).recordStart";

describe('bin/zooserve.js', () => {
  let clone: ScratchClone;
  const zooserve = (...args: readonly string[]) => clone.run('bin/zooserve.js', ...args);
  const program = (name: string) =>
    `exports.main = async (argv) => (console.log('${name}', argv.join()), 3);`;
  beforeEach(() => {
    clone = new ScratchClone();
  });
  afterEach(() => {
    clone[Symbol.dispose]();
  });

  test('says what to run when nothing is built; then runs the program and ends with its status', async () => {
    const { status, output } = await zooserve('serve');
    expect(status).toBe(1);
    expect(output).toContain('zooserve is not built yet');
    expect(output).toContain('npm run build');
    clone.write('dist/bundle/zooserve.js', program('bundle'));
    expect(await zooserve('status', '--json')).toEqual({ status: 3, output: 'bundle status,--json\n' });
  });

  test('runs what tsc built when that is newer than the bundle, or all there is', async () => {
    clone.write('dist/src/cli/main.js', program('modules'));
    expect((await zooserve()).output).toBe('modules \n');
    clone.write('dist/.tsbuildinfo', '');
    clone.write('dist/bundle/zooserve.js', program('bundle'));
    clone.changedAt('dist/.tsbuildinfo', 1000);
    clone.changedAt('dist/bundle/zooserve.js', 1000);
    expect((await zooserve()).output).toBe('bundle \n');
    clone.changedAt('dist/.tsbuildinfo', 1001);
    expect((await zooserve()).output).toBe('modules \n');
  });

  test('takes the code that V8 made of the bundle when it was built', () => {
    const load =
      "require('./bin/load-bundle').loadBundle(require.resolve('./dist/bundle/zooserve.js')).codeTaken";
    const taken = execFileSync(process.execPath, ['--print', load], { cwd: PROJECT_ROOT, env: {} });
    expect(taken.toString()).toBe('true\n');
  });

  test('takes no code of another text, and none that V8 refuses', async () => {
    const bundle = 'dist/bundle/zooserve.js';
    const record = () => clone.run('--input-type=module', '--eval', `${RECORD}('${clone.folder}/${bundle}')`);
    clone.write(bundle, program('failed'));
    expect(await record()).toEqual({ status: 0, output: '' });
    expect(clone.has(`${bundle}.code`)).toBe(false);
    const ended = program('ended').replace('3', '0');
    clone.write(bundle, ended);
    await record();
    expect(clone.has(`${bundle}.code`)).toBe(true);

    clone.write(bundle, ended.replace('ended', 'other'));
    expect(await zooserve()).toEqual({ status: 0, output: 'other \n' });
    clone.write(bundle, ended);
    expect(await zooserve()).toEqual({ status: 0, output: 'ended \n' });
    expect(await clone.run('--no-lazy', 'bin/zooserve.js')).toEqual({ status: 0, output: 'ended \n' });
  });
});
