import { LoadTimeoutError } from '../../src/errors';
import { Expected } from '../../src/inference/expected';
import type { LoadGuard } from '../../src/state/load-guard';
import { eventually } from '../support/eventually';
import { GuardedLoads, WANTED } from './guarded-loads';

let scene: GuardedLoads;
beforeEach(async () => {
  scene = await GuardedLoads.open();
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
});

describe('a load that has not come back in time', () => {
  /** A load that is given up, and its end. */
  async function givenUp(guard: LoadGuard): Promise<Expected<void>> {
    const end = new Expected<void>();
    const late = new LoadTimeoutError('late', end.promise);
    await expect(guard.run(scene.load, () => Promise.reject(late), WANTED)).rejects.toBe(late);
    return end;
  }

  test('keeps its marker until it has an end, and then has none', async () => {
    const guard = await scene.guard();
    const end = await givenUp(guard);
    expect([await scene.markers(), guard.suspects('iris', '2')]).toEqual([[expect.anything()], true]);
    end.resolve();
    await eventually(
      () => scene.markers(),
      (files) => files.length === 0,
    );
    expect(guard.suspects('iris', '2')).toBe(false);
    await scene.die();
    expect(await scene.loads(await scene.guard())).toBe('loaded');
  });

  test('keeps its marker when the process ends before', async () => {
    const guard = await scene.guard();
    await givenUp(guard);
    await guard.close();
    expect(await scene.markers()).toHaveLength(1);
  });

  test('is not counted any more, once it has ended, in the marker of the attempt that followed', async () => {
    const guard = await scene.guard();
    const end = await givenUp(guard);
    const [loading, never] = [new Expected<void>(), new Promise<never>(() => undefined)];
    void guard.run(scene.load, () => (loading.resolve(), never), WANTED);
    await loading.promise;
    expect(await scene.attempts()).toEqual([2]);
    end.resolve();
    await eventually(
      () => scene.attempts(),
      ([count]) => count === 1,
    );
    // One death alone: it is tried again.
    expect(await scene.loads(await scene.guard())).toBe('loaded');
  });
});

test('a process that waited for its id takes up what the holder of it has put there, and removed', async () => {
  await scene.die();
  const waiting = await scene.guard();
  expect(await scene.loads(await scene.guard())).toBe('loaded');
  await scene.die({ ...scene.load, model: 'digits' });
  const own = new Expected<void>();
  const loading = waiting.run({ ...scene.load, model: 'own' }, () => own.promise, WANTED);
  await eventually(() => waiting.suspects('own', '2'));
  await waiting.claim();
  expect(['iris', 'digits', 'own'].map((model) => waiting.suspects(model, '2'))).toEqual([false, true, true]);
  own.resolve();
  await loading;
  await waiting.claim();
  expect(waiting.suspects('own', '2')).toBe(false);
});
