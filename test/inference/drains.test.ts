import pino from 'pino';
import { Drains, type Drainable } from '../../src/inference/drains';
import { Expected } from '../../src/inference/expected';
import { Metrics } from '../../src/metrics';
import { config } from './requests';
import { ASKS, Scene } from './slot-scene';

/** A version that ends when the test says so. */
class Held implements Drainable {
  readonly ended = new Expected<void>();
  leases = 3;
  constructor(readonly version: string) {}
  retire(): Promise<void> {
    return this.ended.promise;
  }
}

async function gauges(metrics: Metrics): Promise<unknown> {
  const [requests, seconds] = await Promise.all([
    metrics.drainingRequests.get(),
    metrics.drainingSeconds.get(),
  ]);
  return [requests, seconds].map(({ values }) => values.map(({ labels, value }) => [labels.version, value]));
}

describe('a version that is to end', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('is reported with its lease count after 10 s, and each time it has taken twice as long', async () => {
    const lines: unknown[] = [];
    const log = pino({ base: null, timestamp: false }, { write: (line) => lines.push(JSON.parse(line)) });
    const metrics = new Metrics();
    const drains = new Drains({ model: 'm', metrics, log });
    const held = new Held('1');
    drains.begin(held);
    drains.begin(held);
    await jest.advanceTimersByTimeAsync(9_999);
    expect(lines).toEqual([]);
    expect(await gauges(metrics)).toEqual([[['1', 3]], [['1', 9.999]]]);
    await jest.advanceTimersByTimeAsync(1);
    held.leases = 0;
    await jest.advanceTimersByTimeAsync(30_000);
    const reported = { level: 40, model: 'm', version: '1' };
    const noLeases = 'a version that was replaced has answered its requests, but its worker does not end';
    expect(lines).toEqual([
      {
        ...reported,
        leases: 3,
        seconds: 10,
        msg: 'a version that was replaced is still held by 3 requests',
      },
      { ...reported, leases: 0, seconds: 20, msg: noLeases },
      { ...reported, leases: 0, seconds: 40, msg: noLeases },
    ]);
    held.ended.resolve();
    await drains.done();
    expect(jest.getTimerCount()).toBe(0);
    expect(await gauges(metrics)).toEqual([[], []]);
  });

  test('counts once in the metrics though it was built twice', async () => {
    const metrics = new Metrics();
    const drains = new Drains({ model: 'm', metrics, log: pino({ level: 'silent' }) });
    drains.begin(new Held('1'));
    await jest.advanceTimersByTimeAsync(2000);
    drains.begin(new Held('1'));
    await jest.advanceTimersByTimeAsync(1000);
    expect(await gauges(metrics)).toEqual([[['1', 6]], [['1', 3]]]);
  });
});

test('a slot reports the requests that hold a version which was replaced', async () => {
  await using scene = await Scene.open({ drainReportMs: 20 });
  await scene.slot.configure(
    config({ residency: { keepPrevious: 0 }, admission: { timeoutMs: 60_000 } }),
    'k',
  );
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const held = [scene.ask(ASKS.waitForGate), scene.ask()];
  await scene.traced('1 run -1');
  await scene.slot.serve({ version: '2', stamp: 'b' });
  const line = await scene.logged('a version that was replaced is still held by 2 requests');
  expect(line).toMatchObject({ level: 40, model: 'm', version: '1', leases: 2 });
  expect(await gauges(scene.metrics)).toMatchObject([[['1', 2]], [['1', expect.any(Number)]]]);
  await scene.openGate();
  await Promise.all(held);
  await scene.traced('1 ended');
});
