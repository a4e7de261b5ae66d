import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import { infer, type Inferred } from '../support/infer';
import { passes } from '../support/passes';
import { PROJECT_ROOT, ServeProcess } from '../support/serve-process';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

/**
 * Two models on one server. Each has a queue, an admission and worker threads of its own, and they share the event
 * loop and the cores: here one of them keeps a core busy all the time and its queue full, and the other must not
 * notice. No time is measured, since a busy machine makes everything slow: what counts is how much of the slow
 * model's work is done before an answer of the fast one. Were they to wait in one line, that would be all of it.
 */
const RUN_AND_WAIT = 16;
/** The answers that are asked for while the slow model is busy. */
const ASKED = 300;

/** Each run keeps a core busy: with -1 until the file `gate` is there, with others for some milliseconds. */
const HANDLER = `
import { existsSync } from 'node:fs';
export default {
  preprocess(inputs) {
    const until = performance.now() + 5;
    while (inputs.input.data[0] === -1 ? !existsSync(GATE) : performance.now() < until);
    return inputs;
  },
};
`;
const CONFIG = {
  batching: { maxRows: 1 },
  admission: { maxConcurrent: 1, maxQueued: RUN_AND_WAIT - 1, timeoutMs: 120_000 },
};

let zookeeper: ZooKeeperPlace;
let session: ZooKeeperSession;
let models: TemporaryDirectory;
let replica: ServeProcess;

const gate = (): string => join(models.path, 'gate');
const slow = (value: number): Promise<Inferred> => infer(replica.url, 'slow', [[value]]);
const fast = (): Promise<Inferred> => infer(replica.url, 'fast', [[0]]);

async function put(path: string, text: string): Promise<void> {
  await session.ensurePath(path);
  await session.set(path, Buffer.from(text));
}

async function waiting(): Promise<number> {
  const text = await (await fetch(`${replica.url}/metrics`)).text();
  return Number(/^zooserve_queue_depth\{model="slow"\} (\d+)$/m.exec(text)?.[1]);
}

beforeAll(async () => {
  models = await temporaryDirectory();
  for (const model of ['slow', 'fast']) {
    await cp(join(PROJECT_ROOT, 'test/fixtures/models/which_version'), join(models.path, model), {
      recursive: true,
    });
  }
  await writeFile(
    join(models.path, 'slow/1/handler.js'),
    `const GATE = ${JSON.stringify(gate())};${HANDLER}`,
  );
  zookeeper = await sharedZooKeeper();
  session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  for (const model of ['slow', 'fast']) {
    await put(`/zooserve/models/${model}/config`, JSON.stringify(CONFIG));
    await put(`/zooserve/models/${model}/version`, '1');
  }
  replica = await ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'one',
    models: models.path,
  });
  await passes(async () => {
    expect((await slow(0)).status).toBe(200);
    expect((await fast()).status).toBe(200);
  });
});

afterAll(async () => {
  await writeFile(gate(), '');
  await replica[Symbol.asyncDispose]();
  await session[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
  await models[Symbol.asyncDispose]();
});

test('while one run of a model does not end and its queue is full, the other answers everything', async () => {
  const stuck = Array.from({ length: RUN_AND_WAIT }, () => slow(-1));
  await passes(async () => {
    expect(await waiting()).toBe(RUN_AND_WAIT - 1);
  });
  for (let n = 0; n < ASKED; n += 1) expect((await fast()).status).toBe(200);
  expect((await slow(0)).status).toBe(429);
  expect(await waiting()).toBe(RUN_AND_WAIT - 1);
  for (const path of ['live', 'ready']) {
    expect((await fetch(`${replica.url}/v2/health/${path}`)).status).toBe(200);
  }
  await writeFile(gate(), '');
  for (const answer of await Promise.all(stuck)) expect(answer.status).toBe(200);
});

test('while a model is overloaded, neither an answer of the other nor a health check waits in its line', async () => {
  let answered = 0;
  let over = false;
  const clients = Array.from({ length: RUN_AND_WAIT }, async () => {
    while (!over) {
      expect((await slow(0)).status).toBe(200);
      answered += 1;
    }
  });
  await passes(async () => {
    expect(await waiting()).toBeGreaterThan(0);
  });
  const passed = { fast: 0, health: 0 };
  let least = Infinity;
  for (let n = 0; n < ASKED; n += 1) {
    const before = answered;
    expect((await fast()).status).toBe(200);
    const between = answered;
    expect((await fetch(`${replica.url}/v2/health/ready`)).status).toBe(200);
    passed.fast += between - before;
    passed.health += answered - between;
    if (n % 10 === 0) least = Math.min(least, await waiting());
  }
  over = true;
  await Promise.all(clients);
  expect(answered).toBeGreaterThan(RUN_AND_WAIT);
  expect(least).toBeGreaterThan(0);
  // In one line each would have seen all of the others pass: 16 slow answers before every one of its own.
  expect(passed.fast / ASKED).toBeLessThan(RUN_AND_WAIT / 4);
  expect(passed.health / ASKED).toBeLessThan(RUN_AND_WAIT / 4);
});
