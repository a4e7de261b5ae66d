import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { JvmProcess } from '../../src/embedded/jvm-process';
import { eventually } from '../support/eventually';
import { temporaryDirectory } from '../support/temporary-directory';

/**
 * A stand-in for Java, so that each way to end can be had at will: a shell script that first writes its process id.
 */
async function fakeJava(directory: string, script: string): Promise<void> {
  await mkdir(join(directory, 'bin'), { recursive: true });
  await writeFile(join(directory, 'bin/java'), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, 'bin/java'), 0o755);
  process.env['JAVA_HOME'] = directory;
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const { JAVA_HOME, PATH } = process.env;
afterEach(() => {
  if (JAVA_HOME === undefined) delete process.env['JAVA_HOME'];
  else process.env['JAVA_HOME'] = JAVA_HOME;
  process.env['PATH'] = PATH;
});

const WAIT_FOREVER = 'echo started; while :; do sleep 0.05; done';

describe('a JVM process', () => {
  it('has the process id of the JVM, and its arguments, and logs to the file', async () => {
    await using directory = await temporaryDirectory();
    await fakeJava(directory.path, 'echo "$$ $1 $2"; echo to stderr >&2; exit 3');
    const logFile = join(directory.path, 'log');
    await writeFile(logFile, 'of a former run\n');
    const jvm = new JvmProcess(['a b', '$c'], { cwd: directory.path, logFile });
    expect(await jvm.exited).toBe('ended with status 3');
    expect(jvm.lastLogLines()).toBe(`${jvm.pid} a b $c\nto stderr`);
    expect(await readFile(logFile, 'utf8')).toMatch(/^of a former run\n/);
    await jvm.kill('SIGKILL');
    await jvm.stop(1000);
  });

  it('is killed when SIGTERM does not end it in time', async () => {
    await using directory = await temporaryDirectory();
    await fakeJava(directory.path, `trap "" TERM; ${WAIT_FOREVER}`);
    const jvm = new JvmProcess([], { cwd: directory.path, logFile: join(directory.path, 'log') });
    await eventually(
      () => jvm.lastLogLines(),
      (lines) => lines === 'started',
    );
    await jvm.stop(100);
    expect(await jvm.exited).toBe('was ended by SIGKILL');
  });

  it('is stopped also while it is suspended', async () => {
    await using directory = await temporaryDirectory();
    await fakeJava(directory.path, WAIT_FOREVER);
    const jvm = new JvmProcess([], { cwd: directory.path, logFile: join(directory.path, 'log') });
    await eventually(
      () => jvm.lastLogLines(),
      (lines) => lines === 'started',
    );
    jvm.signal('SIGSTOP');
    await jvm.stop(30_000);
    expect(await jvm.exited).toBe('was ended by SIGTERM');
  });

  it('says that there is no java', async () => {
    await using directory = await temporaryDirectory();
    delete process.env['JAVA_HOME'];
    process.env['PATH'] = directory.path;
    const jvm = new JvmProcess([], { cwd: directory.path, logFile: join(directory.path, 'log') });
    expect(await jvm.exited).toContain('there is no `java`');
  });
});

describe('the parent', () => {
  /** Another Node.js process that starts a JVM (the stand-in) and waits; gives both their ids. */
  async function startParent(directory: string, then: string, java = WAIT_FOREVER) {
    await fakeJava(directory, java);
    const module = JSON.stringify(require.resolve('../../src/embedded/jvm-process'));
    const options = JSON.stringify({ cwd: directory, logFile: join(directory, 'log') });
    const script = `
      const { JvmProcess } = require(${module});
      const jvm = new JvmProcess([], ${options});
      process.on('SIGINT', () => console.log('interrupted'));
      setInterval(() => undefined, 1000);
      console.log(jvm.pid);
      ${then}`;
    const parent = spawn(process.execPath, ['-e', script], {
      detached: true,
      env: process.env, // Jest's, with the stand-in; the default is that of the process around it.
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    parent.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    await eventually(
      () => output,
      (text) => text.includes('\n'),
    );
    await eventually(() => readFile(join(directory, 'log'), 'utf8')); // It has set its traps.
    const jvmPid = parseInt(output);
    expect(lives(jvmPid)).toBe(true);
    return {
      parent,
      jvmPid,
      said: () => output,
      [Symbol.dispose]: () => parent.kill('SIGKILL'),
    };
  }

  it('killed by SIGKILL takes the JVM with it', async () => {
    await using directory = await temporaryDirectory();
    using started = await startParent(directory.path, '');
    const { parent, jvmPid } = started;
    parent.kill('SIGKILL');
    await eventually(() => !lives(jvmPid));
  });

  it('killed by SIGKILL takes a JVM with it that does not heed SIGTERM', async () => {
    await using directory = await temporaryDirectory();
    const java = `trap "" TERM; ${WAIT_FOREVER}`;
    using started = await startParent(directory.path, '', java);
    const { parent, jvmPid } = started;
    parent.kill('SIGKILL');
    await eventually(() => !lives(jvmPid));
  });

  it('that ends without disposing of anything takes the JVM with it', async () => {
    await using directory = await temporaryDirectory();
    using started = await startParent(directory.path, "process.on('SIGUSR2', () => process.exit(0));");
    const { parent, jvmPid } = started;
    parent.kill('SIGUSR2');
    await eventually(() => !lives(jvmPid));
  });

  it('interrupted by Ctrl-C at the terminal is interrupted alone', async () => {
    await using directory = await temporaryDirectory();
    using started = await startParent(directory.path, '');
    const { parent, jvmPid, said } = started;
    process.kill(-parent.pid!, 'SIGINT');
    await eventually(said, (text) => text.includes('interrupted'));
    expect(lives(jvmPid)).toBe(true);
    parent.kill('SIGKILL');
    await eventually(() => !lives(jvmPid));
  });
});
