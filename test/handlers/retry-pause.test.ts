import { retryPause } from '../../src/handlers/retry-pause';

test('a pause ends by itself, or at once when it is called off', async () => {
  expect(await retryPause(1, new AbortController().signal)).toBe(true);
  expect(await retryPause(30, AbortSignal.abort())).toBe(false);
  const controller = new AbortController();
  const waiting = retryPause(30, controller.signal);
  controller.abort();
  expect(await waiting).toBe(false);
});

test('a pause ends sooner when there is reason to', async () => {
  const random = jest.spyOn(Math, 'random').mockReturnValue(0.99);
  expect(await retryPause(30, new AbortController().signal, Promise.resolve())).toBe(true);
  random.mockRestore();
});
