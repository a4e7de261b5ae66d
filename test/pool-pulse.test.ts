import { createHook } from 'node:async_hooks';
import { keepPoolAwake } from '../src/pool-pulse';

let given = 0;
const hook = createHook({
  init(_id, type) {
    if (type === 'FSREQCALLBACK') given += 1;
  },
});

beforeEach(() => {
  given = 0;
  jest.useFakeTimers();
  hook.enable();
});
afterEach(() => {
  hook.disable();
  jest.useRealTimers();
});

test('the thread pool is given work again and again, until that is disposed', () => {
  const pulse = keepPoolAwake(250);
  jest.advanceTimersByTime(1000);
  expect(given).toBe(4);
  pulse[Symbol.dispose]();
  jest.advanceTimersByTime(1000);
  expect(given).toBe(4);
});

test('a pool that answers nothing is given little', () => {
  using _ = keepPoolAwake(250);
  jest.advanceTimersByTime(60_000);
  expect(given).toBe(8);
});
