import { eventually } from '../support/eventually';
import { BUNDLER, ScratchClone } from './scratch-clone';

/** Does what `npm ci` does here: a node_modules with a compiler in it, which writes what tsc would, and a bundler. */
const NPM_CI = `
echo "$1" >> npm-calls
[ "$1" = ping ] && exit 0
rm -rf node_modules; mkdir -p node_modules/typescript/bin node_modules/esbuild
cat > node_modules/typescript/bin/tsc <<'TSC'
const fs = require('fs');
const path = require('path');
for (const name of ['one', 'cli/main', 'inference/worker/model-worker']) {
  fs.mkdirSync(path.dirname('dist/src/' + name), { recursive: true });
  fs.writeFileSync('dist/src/' + name + '.js', '');
}
TSC
cat > node_modules/esbuild/index.js <<'ESBUILD'
${BUNDLER}
ESBUILD
`;
const CORE = '/usr/bin:/bin';

describe('the dependencies', () => {
  let clone: ScratchClone;
  const build = () => clone.run('scripts/bootstrap.mjs');
  const installs = () =>
    clone
      .read('npm-calls')
      .split('\n')
      .filter((call) => call === 'ci').length;

  beforeEach(() => {
    clone = new ScratchClone();
    clone.setEnvironment({ PATH: `${clone.folder}/.programs:${CORE}` });
    clone.program('npm', NPM_CI);
  });
  afterEach(() => {
    clone[Symbol.dispose]();
  });

  test('are installed once, and again only when package-lock.json has changed', async () => {
    expect((await build()).output).toMatch(
      /^Installing the dependencies \(npm ci\) \.\.\. .* s\nBuilding .* s\n$/,
    );
    expect(await build()).toEqual({ status: 0, output: '' });
    clone.write(
      'package-lock.json',
      JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } }),
    );
    expect((await build()).output).toContain('Installing');
    expect(await build()).toEqual({ status: 0, output: '' });
    expect(installs()).toBe(2);
  });

  test('are left alone when npm was run by hand for the same package-lock.json', async () => {
    const packages = {
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/elsewhere': { version: '1.0.0', integrity: 'sha512-b', optional: true },
    };
    clone.write('package-lock.json', JSON.stringify({ packages: { '': {}, ...packages } }));
    await build();
    clone.remove('node_modules/.installed-from');
    const { 'node_modules/elsewhere': _, ...there } = packages;
    clone.write('node_modules/.package-lock.json', JSON.stringify({ packages: there }));
    expect(await build()).toEqual({ status: 0, output: '' });

    clone.remove('node_modules/.installed-from');
    clone.write('node_modules/.package-lock.json', JSON.stringify({ packages: {} }));
    expect((await build()).output).toContain('Installing');
  });

  test('are installed once by two that start at the same time', async () => {
    clone.program('npm', `${NPM_CI}\nwhile [ ! -f go ]; do sleep 0.05; done`);
    const first = clone.start('scripts/bootstrap.mjs');
    await eventually(() => clone.has('node_modules/typescript/bin/tsc'));
    const second = clone.start('scripts/bootstrap.mjs');
    await eventually(() => second.output().includes('Waiting for another set-up of this folder (process '));
    clone.write('go', '');
    expect((await first.ended).status).toBe(0);
    expect((await second.ended).status).toBe(0);
    expect(installs()).toBe(1);
    expect(second.output()).not.toContain('Installing');
  });

  test('are installed again after an interruption half-way, and the lock is given back', async () => {
    clone.program('npm', `${NPM_CI}\n[ -f go ] || exec sleep 60`);
    const interrupted = clone.start('scripts/bootstrap.mjs');
    await eventually(() => clone.has('node_modules/typescript/bin/tsc'));
    interrupted.child.kill('SIGTERM');
    expect((await interrupted.ended).status).toBe(143);
    clone.write('go', '');
    expect((await build()).output).toMatch(/^Installing/);
    expect(installs()).toBe(2);
  });

  test('wait for an npm that goes on after its parent was killed', async () => {
    clone.program('npm', `${NPM_CI}\nwhile [ ! -f go ]; do sleep 0.05; done`);
    const killed = clone.start('scripts/bootstrap.mjs');
    await eventually(() => clone.has('node_modules/typescript/bin/tsc'));
    killed.child.kill('SIGKILL');
    const next = clone.start('scripts/bootstrap.mjs');
    await eventually(() => next.output().includes('Waiting'));
    clone.write('go', '');
    expect((await next.ended).status).toBe(0);
    expect(next.output()).toContain('Installing');
  });

  test('without a network: from the cache, or an error that names the registry', async () => {
    clone.program(
      'npm',
      `if [ "$1" = ping ]; then
         echo 'npm error code ENOTFOUND'
         echo 'npm error network request to https://registry.test/ failed, reason: getaddrinfo ENOTFOUND registry.test'
         exit 1
       fi
       case "$*" in *--offline*) echo 'npm error code ENOTCACHED'; exit 1;; esac`,
    );
    const { status, output } = await build();
    expect(status).toBe(1);
    expect(output).toContain('The npm registry cannot be reached');
    expect(output).toContain('getaddrinfo ENOTFOUND registry.test');
    expect(output).not.toContain('ENOTCACHED');

    clone.program('npm', `[ "$1" = ping ] && { echo 'code EAI_AGAIN'; exit 1; }${NPM_CI}`);
    expect((await build()).status).toBe(0);
  });

  test('another failure of npm shows the end of what it printed', async () => {
    clone.program('npm', `[ "$1" = ping ] && exit 0; echo 'npm error code EUSAGE'; exit 9`);
    expect(await build()).toEqual({
      status: 1,
      output:
        'Installing the dependencies (npm ci) ... failed\n\nnpm ci failed with status 9:\nnpm error code EUSAGE\n',
    });
  });

  test('no npm at all', async () => {
    clone.setEnvironment({});
    clone.remove('.programs/npm');
    const { status, output } = await build();
    expect(status).toBe(1);
    expect(output).toContain('npm is not on PATH');
  });
});
