import { ScratchClone } from './scratch-clone';

const CORE = '/usr/bin:/bin';

describe('what the embedded ZooKeeper needs', () => {
  let clone: ScratchClone;
  const look = (environment: Record<string, string>, debianJar = 'nowhere.jar') =>
    clone.run(
      '--input-type=module',
      '--eval',
      `import { missingForZooKeeper } from './scripts/zookeeper.mjs';
       console.log(missingForZooKeeper(${JSON.stringify(environment)}, ${JSON.stringify(debianJar)}).join());`,
    );
  const install = () =>
    clone.run(
      '--input-type=module',
      '--eval',
      `import { runScript } from './scripts/run-script.mjs';
       import { installDebianPackages } from './scripts/zookeeper.mjs';
       await runScript(async (signal) => {
         await installDebianPackages(['zookeeper', 'default-jre-headless'], { signal });
         return 0;
       });`,
    );
  const APT = 'echo "$DEBIAN_FRONTEND $*" >> apt-calls';

  beforeEach(() => {
    clone = new ScratchClone();
  });
  afterEach(() => {
    clone[Symbol.dispose]();
  });

  test('ZOOKEEPER_HOME, else the package; JAVA_HOME, else java on PATH', async () => {
    clone.program('java', 'exit 0');
    const PATH = `${clone.folder}/.programs`;
    expect((await look({ PATH: '' })).output).toBe('zookeeper,default-jre-headless\n');
    expect((await look({ PATH })).output).toBe('zookeeper\n');
    clone.write('home/lib/zookeeper-3.9.4.jar', '');
    expect((await look({ PATH, ZOOKEEPER_HOME: 'home' })).output).toBe('\n');
    expect((await look({ PATH: '', JAVA_HOME: 'nowhere' }, 'home/lib/zookeeper-3.9.4.jar')).output).toBe(
      'default-jre-headless\n',
    );
    clone.write('java/bin/java', '');
    clone.program('../java/bin/java', 'exit 0');
    expect((await look({ PATH: '', JAVA_HOME: 'java', ZOOKEEPER_HOME: 'home' })).output).toBe('\n');
  });

  test('a ZOOKEEPER_HOME without ZooKeeper in it is an error that names it', async () => {
    clone.write('home/lib/zookeeper-jute-3.9.4.jar', '');
    const { status, output } = await look({ PATH: '', ZOOKEEPER_HOME: 'home' });
    expect(status).not.toBe(0);
    expect(output).toContain('ZOOKEEPER_HOME is home, and there is no zookeeper jar in it');
  });

  test('is installed with apt-get, lists first, without questions or extras', async () => {
    clone.program('apt-get', APT);
    clone.program('sudo', 'shift; exec "$@"');
    clone.setEnvironment({ PATH: `${clone.folder}/.programs:${CORE}` });
    expect(await install()).toEqual({ status: 0, output: '' });
    expect(clone.read('apt-calls')).toMatch(
      /^noninteractive .* update\nnoninteractive .* install --no-install-recommends zookeeper default-jre-headless\n$/,
    );
  });

  test('apt-get failing shows its words and the ways out', async () => {
    clone.program('apt-get', `echo "E: no such thing ($*)"; exit 100`);
    clone.program('sudo', 'shift; exec "$@"');
    clone.setEnvironment({ PATH: `${clone.folder}/.programs:${CORE}` });
    const { status, output } = await install();
    expect(status).toBe(1);
    expect(output).toContain('apt-get could not install zookeeper, default-jre-headless');
    expect(output).toMatch(/E: no such thing .*update/);
    expect(output).toMatch(/E: no such thing .*install/);
    expect(output).toContain('ZOOKEEPER_HOME=');
  });

  test('without apt-get the error says the ways out', async () => {
    const { status, output } = await install();
    expect(status).toBe(1);
    expect(output).toContain('not for this script to install: zookeeper, default-jre-headless');
    for (const way of ['apt-get install', 'ZOOKEEPER_HOME=', '--zookeeper']) expect(output).toContain(way);
  });
});
