import { RequestError } from '../../src/errors';
import { config } from '../inference/requests';
import { ask, ASKS, Scene } from '../inference/slot-scene';
import { INFER, post, RawConnection } from '../server/raw-connection';
import { serving, type Serving } from '../server/serving';
import { eventually } from '../support/eventually';

let scene: Scene;
let http: Serving;
let refusals: number;

/** A server before a slot that runs one request at a time and lets one wait. */
beforeEach(async () => {
  scene = await Scene.open();
  http = await serving();
  refusals = 0;
  http.plane.answer = (request) =>
    scene.slot.infer(request).catch((error: unknown) => {
      if (error instanceof RequestError && error.code === 'QUEUE_FULL') refusals += 1;
      throw error;
    });
  await scene.slot.serve({ version: '1', stamp: '0000000000000001' });
});

afterEach(async () => {
  await scene.openGate();
  await http[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

async function send(value: number): Promise<RawConnection> {
  const connection = await RawConnection.open(http.server.port);
  return connection.write(post(INFER, ask(value).body.joined().toString()));
}

async function limit(admission: object): Promise<void> {
  await scene.slot.configure(config({ admission: { maxConcurrent: 1, maxQueued: 1, ...admission } }), 'z');
}

test('past the queue 429 with Retry-After; a client that goes frees its place and is not run', async () => {
  await limit({ timeoutMs: 60_000 });
  using running = await send(ASKS.waitForGate);
  await scene.traced('1 run -1');
  using leaving = await letIn(7);
  using refused = await send(8);
  const { status, headers, body } = await refused.answer();
  expect({ status, body: JSON.parse(body) as unknown }).toEqual({
    status: 429,
    body: { error: expect.stringContaining('at most 1 run or go next and 1 wait behind them') as string },
  });
  expect(headers).toMatchObject({ 'retry-after': '1', 'content-type': 'application/json' });

  leaving.socket.destroy();
  await leaving.end();
  using next = await letIn(9);
  await scene.openGate();
  expect((await running.answer()).status).toBe(200);
  expect((await next.answer()).status).toBe(200);
  expect(await runs()).toEqual(['1 run -1', '1 run 9']);
});

test('a deadline that passes while a request waits or runs is 504', async () => {
  await limit({ timeoutMs: 100 });
  using running = await send(ASKS.waitForGate);
  using waiting = await send(7);
  for (const connection of [running, waiting]) {
    const { status, body } = await connection.answer();
    expect([status, body]).toEqual([504, '{"error":"no answer within 100 ms (admission.timeoutMs)"}']);
  }
  await scene.openGate();
  using next = await letIn(9);
  await next.answer();
  expect(await runs()).toEqual(['1 run -1', '1 run 9']);
});

/** Sends until the request is let in: the server hears of a client's end a moment after it. */
async function letIn(value: number): Promise<RawConnection> {
  for (;;) {
    const [asked, refused] = [http.plane.asked.length, refusals];
    const connection = await send(value);
    await eventually(() => http.plane.asked.length > asked);
    await new Promise(setImmediate);
    if (refusals === refused) return connection;
    connection.socket.destroy();
  }
}

async function runs(): Promise<string[]> {
  return (await scene.trace()).filter((line) => line.includes(' run ')).map((line) => line.split(' {')[0]!);
}
