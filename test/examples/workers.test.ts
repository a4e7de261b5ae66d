import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runWorkers } from '../../examples/workers';
import type { ZooKeeperSession } from '../../src/streams/session';
import { ExampleProcess } from '../support/example-process';
import { connect } from '../support/fleet';
import { eventually } from '../support/eventually';
import { PROJECT_ROOT } from '../support/serve-process';
import { temporaryDirectory } from '../support/temporary-directory';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
/** An example that waits for a ZooKeeper that is not there: for so long that it begins before all tests. */
let without: ExampleProcess;
beforeAll(async () => {
  without = new ExampleProcess('live-parameters', ['--zookeeper', '127.0.0.1:1']);
  zookeeper = await sharedZooKeeper();
  session = await connect(zookeeper.connectString);
});
afterAll(async () => {
  await without[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

const start = (name: string, ...args: readonly string[]) =>
  new ExampleProcess(name, ['--zookeeper', zookeeper.connectString, ...args]);
const childrenOf = async (path: string) => (await session.children(path))?.names ?? [];

/** Which workers printed a line that ends so, in this order. */
function workersThat(lines: readonly string[], what: RegExp): string[] {
  return lines.flatMap((line) => {
    const [, worker = '', text = ''] = /^worker (\d+): (.*)$/.exec(line) ?? [];
    return what.test(text) ? [worker] : [];
  });
}

describe('exactly-one', () => {
  it('has the task done by one of several processes', async () => {
    await using example = start('exactly-one', '--workers', '4');
    expect(await example.end()).toBe(0);
    expect(workersThat(example.lines, /^begins/)).toHaveLength(1);
    expect(workersThat(example.lines, /^has done it$/)).toEqual(workersThat(example.lines, /^begins/));
    expect(workersThat(example.lines, /^finds it done$/)).toHaveLength(3);
    expect(example.lines.at(-1)).toBe('the result is 25997 primes');
  });

  it('has it done by another one when the first is killed', async () => {
    await using example = start('exactly-one', '--kill', 'yes');
    expect(await example.end()).toBe(0);
    const [first, second, ...others] = workersThat(example.lines, /^begins/);
    expect(others).toEqual([]);
    expect(example.lines).toContain(`worker ${first!} is killed`);
    expect(workersThat(example.lines, /^has done it$/)).toEqual([second]);
    expect(example.lines.at(-1)).toBe('the result is 25997 primes');
    const tokens = [...example.output.matchAll(/token ([0-9a-f]{16})/g)].map(([, token]) => token!);
    expect(tokens[1]! > tokens[0]!).toBe(true);
  });

  it('ends cleanly when it is told to, and leaves nobody waiting', async () => {
    await using example = start('exactly-one');
    await example.prints(/begins/);
    expect(await example.end('SIGTERM')).toBe(0);
    expect(workersThat(example.lines, /^has done it$/)).toEqual([]);
    expect(await childrenOf('/examples/exactly-one/lock')).toEqual([]);
  });
});

describe('all-together', () => {
  it('starts when the last one is ready, and ends when all are done', async () => {
    await using example = start('all-together', '--workers', '3');
    expect(await example.end()).toBe(0);
    const order = example.lines.map((line) =>
      line.replace(/^worker \d+: (is ready|starts|is done|ends).*/, '$1'),
    );
    const phases = ['is ready', 'starts', 'is done', 'ends'];
    expect(order.filter((phase) => phases.includes(phase))).toHaveLength(12);
    // Lines of two processes may pass each other on their way, those of one may not.
    expect(order.slice(0, 3)).toEqual(['is ready', 'is ready', 'is ready']);
    for (const worker of ['1', '2', '3'])
      expect(example.lines.filter((line) => line.startsWith(`worker ${worker}:`))).toHaveLength(4);
    const shares = [...example.output.matchAll(/share (\d) of 3 in round ([0-9a-f]{16})/g)];
    expect(shares.map(([, share]) => share).sort()).toEqual(['1', '2', '3']);
    expect(new Set(shares.map(([, , round]) => round)).size).toBe(1);
    const sums = [...example.output.matchAll(/is done: (\d+)/g)].map(([, sum]) => Number(sum));
    expect(sums.reduce((a, b) => a + b, 0)).toBe(500_000_500_000);
    expect(await childrenOf('/examples/all-together')).toEqual([]);
  });

  it('ends cleanly while it waits for somebody who never comes', async () => {
    await using example = start('all-together', '--workers', '2');
    await example.prints(/is ready/);
    expect(await example.end('SIGTERM')).toBe(0);
    await eventually(async () => (await childrenOf('/examples/all-together')).length === 0);
  });
});

describe('ensemble-time', () => {
  it('has all start at one time of the ensemble, within a bound that it tells', async () => {
    await using example = start('ensemble-time', '--workers', '3');
    expect(await example.end()).toBe(0);
    expect(workersThat(example.lines, /^starts at/).sort()).toEqual(['1', '2', '3']);
    expect(example.output).toMatch(/^3 workers were to start at \d\d:\d\d:\d\d\.\d{3} UTC$/m);
    const [, spread, bound] = /^ {2}([\d.]+) ms by their clocks, which differ by ([\d.]+) ms/m.exec(
      example.output,
    )!;
    // How far apart they are woken is up to the machine; how far their clocks differ is not.
    expect(Number(spread)).toBeLessThan(5000);
    expect(Number(bound)).toBeLessThan(100);
    expect(await childrenOf('/examples/ensemble-time/barrier')).toEqual([]);
  });

  it('ends cleanly when it is told to', async () => {
    await using example = start('ensemble-time');
    await example.prints(/it is/);
    expect(await example.end('SIGTERM')).toBe(0);
  });
});

const ALL = ['model-version', 'live-parameters', 'exactly-one', 'all-together', 'ensemble-time'];

describe('every example', () => {
  it.each(ALL)('%s says how to run it, and is listed', async (name) => {
    for (const page of [`examples/${name}/README.md`, 'examples/README.md'])
      expect(await readFile(join(PROJECT_ROOT, page), 'utf8')).toContain(
        `node dist/examples/${name}/main.js`,
      );
    expect(await readFile(join(PROJECT_ROOT, 'README.md'), 'utf8')).toContain(`(examples/${name}/README.md)`);
  });

  it.each(ALL)('%s refuses options that it does not have', async (name) => {
    await using example = start(name, '--bogus', '1');
    expect(await example.end()).toBe(1);
    expect(example.output).toMatch(/--bogus/);
  });

  it('refuses a number of workers that is none', async () => {
    for (const workers of ['0', 'many']) {
      await using example = start('all-together', '--workers', workers);
      expect(await example.end()).toBe(1);
      expect(example.output).toBe(`--workers ${workers}: a number from 1 to 100 is wanted\n`);
    }
  });

  it('says so when one of its workers fails', async () => {
    await eventually(() => session.remove('/examples/all-together').then(() => true));
    // Below an ephemeral znode there is no place for a barrier.
    await session.create('/examples/all-together', new Uint8Array(), 'EPHEMERAL');
    await using example = start('all-together', '--workers', '1');
    expect(await example.end()).toBe(1);
    expect(example.lines.at(-1)).toBe('worker 1 failed');
    await session.remove('/examples/all-together');
  });

  it('takes a signal that nobody here sent to a worker for a failure', async () => {
    await using directory = await temporaryDirectory();
    const file = join(directory.path, 'worker.js');
    await writeFile(file, "process.send('up'); setInterval(() => {}, 1000);");
    const end = new AbortController().signal;
    const foreign = runWorkers({
      ...{ file, args: [], count: 1, end },
      onMessage: ({ process: { pid } }) => process.kill(pid!, 'SIGKILL'),
    });
    await expect(foreign).rejects.toThrow('worker 1 failed');
    await runWorkers({
      file,
      args: [],
      count: 1,
      end,
      onMessage: (worker) => worker.process.kill('SIGKILL'),
    });
  });

  it('says so when there is no ZooKeeper', async () => {
    expect(await without.end()).toBe(1);
    expect(without.output).toBe('no ZooKeeper at 127.0.0.1:1; npm start brings one\n');
  });
});
