import { turn, type BatcherScene } from './batcher-scene';
import { addAll, experienced, two } from './experienced-batcher';
import { inForce } from './requests';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('what is settled while it lies there is withdrawn from the worker', () => {
  const marks = (scene: BatcherScene): readonly number[][] =>
    scene.batches.map(({ withdrawn }) => (withdrawn === undefined ? [] : [...new Uint8Array(withdrawn)]));

  test('at its deadline', async () => {
    const scene = await experienced();
    const [, , , expiring] = addAll(scene, [1, 2, 3, 4]);
    await turn();
    expect(marks(scene)).toEqual([[], [0, 0]]);
    expiring?.failExpired();
    expect(marks(scene)).toEqual([[], [0, 1]]);
  });

  test('as soon as its client goes, but not once it is begun', async () => {
    const scene = await experienced();
    const clients = [new AbortController(), new AbortController()];
    addAll(scene, [1, 2]);
    const [goes, stays] = clients.map(({ signal }) => scene.add('ahead', two, { signal }));
    await turn();
    clients[0]?.abort();
    await expect(goes?.answer).rejects.toMatchObject({ code: 'CLIENT_GONE' });
    expect(marks(scene)).toEqual([[], [1, 0]]);
    await scene.answer();
    clients[1]?.abort();
    expect(marks(scene)).toEqual([[], [1, 0]]);
    await scene.answer();
    await expect(stays?.answer).resolves.toBeDefined();
    expect(scene.admission.room(64, jest.fn())).toBe(64);
  });

  test('a client whose request is over is not listened to any more', async () => {
    const scene = await experienced();
    const { signal } = new AbortController();
    const [on, off] = [jest.spyOn(signal, 'addEventListener'), jest.spyOn(signal, 'removeEventListener')];
    addAll(scene, [1, 2]);
    const [, other] = [scene.add(3, two, { signal }), scene.add(4, two, { signal })];
    await turn();
    expect(on).toHaveBeenCalledTimes(2);
    other.failExpired();
    expect(off).toHaveBeenCalledTimes(1);
    await scene.answer();
    expect(off).toHaveBeenCalledTimes(2);
  });
});

test('the time of a batch that lay there counts from the end of the one before', async () => {
  const scene = await experienced();
  const terms = inForce({ batching: { maxRows: 2 }, admission: { timeoutMs: 110 } });
  addAll(
    scene,
    Array.from({ length: 20 }, (_, n) => n),
    inForce({ batching: { maxRows: 2 } }),
  );
  await turn();
  for (let n = 0; n < 10; n += 1) {
    await jest.advanceTimersByTimeAsync(8);
    await scene.answer();
  }
  expect(scene.batches).toHaveLength(10);
  // Batches that take 8 ms may go ahead where 110 are allowed for an answer, and those that took 16 may not.
  scene.batches.length = 0;
  addAll(scene, [1, 2, 3, 4], terms);
  await turn();
  expect(scene.handedOver).toHaveLength(2);
});
