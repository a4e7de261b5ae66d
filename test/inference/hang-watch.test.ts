import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { HangWatch, hangAfterMs } from '../../src/inference/hang-watch';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

function scene(limitMs: () => number = () => 10_000) {
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const worker = { busy: true };
  const hung: number[] = [];
  const watch = new HangWatch({ progress, busy: () => worker.busy, limitMs, onHang: (ms) => hung.push(ms) });
  return { progress, worker, hung, watch };
}

test('a worker at work that makes no progress is told of once, when the bound has passed', () => {
  const { hung } = scene();
  jest.advanceTimersByTime(9_900);
  expect(hung).toEqual([]);
  jest.advanceTimersByTime(100);
  expect(hung).toEqual([10_000]);
  jest.advanceTimersByTime(60_000);
  expect(hung).toEqual([10_000]);
});

test('each step begins the time anew, and so does having nothing to do', () => {
  const { progress, worker, hung } = scene();
  jest.advanceTimersByTime(9_000);
  progress[0] = 1;
  jest.advanceTimersByTime(9_000);
  worker.busy = false;
  jest.advanceTimersByTime(60_000);
  worker.busy = true;
  jest.advanceTimersByTime(9_900);
  expect(hung).toEqual([]);
  jest.advanceTimersByTime(200);
  expect(hung).toEqual([10_000]);
});

test('how long it has been silent counts whole ticks without the first, and only while it is at work', () => {
  const { progress, worker, watch } = scene();
  const silent: number[] = [];
  for (let tick = 0; tick < 4; tick += 1) {
    silent.push(watch.silentMs);
    jest.advanceTimersByTime(500);
  }
  expect(silent).toEqual([0, 0, 500, 1000]);
  expect(watch.silentMs).toBe(1500);
  worker.busy = false;
  expect(watch.silentMs).toBe(0);
  worker.busy = true;
  expect(watch.silentMs).toBe(1500);
  progress[0] = 1;
  // Without waiting for the next tick.
  expect(watch.silentMs).toBe(0);
  jest.advanceTimersByTime(1000);
  expect(watch.silentMs).toBe(0);
  jest.advanceTimersByTime(500);
  expect(watch.silentMs).toBe(500);
});

test('the bound is the one in force at the moment', () => {
  const bounds = [40_000];
  const { hung } = scene(() => bounds[0] ?? NaN);
  jest.advanceTimersByTime(30_000);
  bounds[0] = 20_000;
  jest.advanceTimersByTime(500);
  expect(hung).toEqual([20_000]);
});

test('a watch that is disposed of is silent', () => {
  const { hung, watch } = scene();
  watch[Symbol.dispose]();
  jest.advanceTimersByTime(60_000);
  expect(hung).toEqual([]);
});

test('the bound is twenty times the timeout, and 10 s at least', () => {
  expect([1, 500, 1000, 60_000].map(hangAfterMs)).toEqual([10_000, 10_000, 20_000, 1_200_000]);
});

test('a process that is stopped counts no time meanwhile', async () => {
  jest.useRealTimers();
  const [limitMs, stoppedMs] = [2000, 2500];
  const built = join(__dirname, '../../src/inference/hang-watch.js');
  const script = `
    const { HangWatch } = require(${JSON.stringify(built)});
    const progress = new Int32Array(new SharedArrayBuffer(4));
    const onHang = () => { console.log('hangs'); process.exit(); };
    new HangWatch({ progress, busy: () => true, limitMs: () => ${limitMs}, onHang });
    setInterval(() => undefined, 1000);
    console.log('watches');
  `;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  const began = performance.now();
  child.kill('SIGSTOP');
  await delay(stoppedMs);
  child.kill('SIGCONT');
  expect(String(await once(child.stdout, 'data'))).toContain('hangs');
  // Some of the time had passed before it was stopped.
  expect(performance.now() - began).toBeGreaterThan(stoppedMs + limitMs / 2);
  await once(child, 'exit');
});
