import { cp } from 'node:fs/promises';
import pino from 'pino';
import { filter, firstValueFrom } from 'rxjs';
import { ModelError } from '../../src/errors';
import { MemoryBudget } from '../../src/inference/memory-budget';
import type { ModelRepository } from '../../src/inference/repository';
import type { ModelSlot } from '../../src/inference/slot';
import { eventually } from '../support/eventually';
import { config } from './requests';
import { MIB, taken } from './memory-scene';
import { ask, ASKS, Scene } from './slot-scene';

/** The models of these tests are small: a worker takes 20 MiB and next to nothing more. */
const roomFor = (versions: number) =>
  new MemoryBudget({ limitBytes: versions * 21 * MIB, log: pino({ level: 'silent' }) });

/** Models `m` and `n`, with the same versions, in a replica with room for so many. */
async function twoModels(
  versions: number,
): Promise<{ scene: Scene; other: ModelSlot; memory: MemoryBudget } & AsyncDisposable> {
  const memory = roomFor(versions);
  const scene = await Scene.open({ memory });
  await cp(scene.path('models/m'), scene.path('models/n'), { recursive: true });
  const other = Scene.of(scene.path('models'), 'n', { memory });
  return {
    scene,
    other,
    memory,
    [Symbol.asyncDispose]: async () => {
      await scene.openGate();
      await other[Symbol.asyncDispose]();
      await scene[Symbol.asyncDispose]();
      // Whatever happened, nothing is left in the books.
      expect(memory.usage).toEqual([]);
    },
  };
}

const users = (memory: MemoryBudget) => Object.keys(taken(memory)).sort();

test('a kept version makes room for another model, and is loaded again when it is wanted', async () => {
  await using replica = await twoModels(3);
  const { scene, other, memory } = replica;
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  await other.serve({ version: '3', stamp: 'c' });
  expect(scene.slot.resident).toEqual(['2', '1']);
  await other.serve({ version: '4', stamp: 'd' });
  expect(scene.slot.state).toMatchObject({ resident: ['2'], serving: { version: '2' } });
  expect(users(memory)).toEqual(['m 2', 'n 3', 'n 4']);
  await scene.traced('1 ended');
  await expect(scene.ask(ASKS.nothing, { version: '1' })).rejects.toMatchObject({ code: 'UNKNOWN_VERSION' });
  // The rollback loads, and ends what the other model kept.
  await expect(scene.slot.serve({ version: '1', stamp: 'e' })).resolves.toMatchObject({ outcome: 'swapped' });
  expect(other.resident).toEqual(['4']);
});

test('the least recently wanted goes first: what a request named was wanted then', async () => {
  await using replica = await twoModels(4);
  const { scene, other } = replica;
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  await other.serve({ version: '3', stamp: 'c' });
  await other.serve({ version: '4', stamp: 'd' });
  await scene.ask(ASKS.nothing, { version: '1' });
  await scene.slot.configure(config({ residency: { keepPrevious: 8 } }), 'z');
  await scene.slot.serve({ version: '3', stamp: 'e' });
  expect(scene.slot.resident).toEqual(['3', '2', '1']);
  expect(other.resident).toEqual(['4']);
});

test('a version was wanted until it was replaced, however long ago it was promoted', async () => {
  await using replica = await twoModels(4);
  const { scene, other } = replica;
  await scene.slot.configure(config({ residency: { keepPrevious: 8 } }), 'z');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await other.serve({ version: '3', stamp: 'b' });
  await other.serve({ version: '4', stamp: 'c' });
  await scene.slot.serve({ version: '2', stamp: 'd' });
  await scene.slot.serve({ version: '3', stamp: 'e' });
  expect(scene.slot.resident).toEqual(['3', '2', '1']);
  expect(other.resident).toEqual(['4']);
});

test('a version that a request holds goes after those that nobody holds', async () => {
  await using replica = await twoModels(4);
  const { scene, other } = replica;
  await scene.slot.configure(config({ residency: { keepPrevious: 8 } }), 'z');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  const held = scene.ask(ASKS.waitForGate, { version: '1' });
  await scene.traced('1 run -1');
  await other.serve({ version: '3', stamp: 'c' });
  await other.serve({ version: '4', stamp: 'd' });
  await scene.slot.serve({ version: '3', stamp: 'e' });
  expect([scene.slot.resident, other.resident]).toEqual([['3', '2', '1'], ['4']]);
  await scene.openGate();
  await held;
});

test('what serves is never ended: the load is refused', async () => {
  await using replica = await twoModels(2);
  const { scene, other, memory } = replica;
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await other.serve({ version: '3', stamp: 'c' });
  await expect(other.serve({ version: '4', stamp: 'd' })).rejects.toMatchObject({
    code: 'MEMORY_REFUSED',
    retryable: true,
    message: expect.stringMatching(
      /^version 4 of model n needs 20 MiB while it loads .* 40 MiB are taken: /,
    ) as string,
  });
  expect(other.serving).toMatchObject({ version: '3' });
  expect(users(memory)).toEqual(['m 1', 'n 3']);
});

test('a load waits for the answers of a kept version that has to make room, and begins as soon as they are out', async () => {
  await using replica = await twoModels(3);
  const { scene, other, memory } = replica;
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  const held = scene.ask(ASKS.waitForGate, { version: '1' });
  await scene.traced('1 run -1');
  await other.serve({ version: '3', stamp: 'c' });
  const phases: string[] = [];
  const waiting = other.serve({ version: '4', stamp: 'd', onPhase: (phase) => phases.push(phase) });
  // It is ended, and named by no URL any more; what it has in hand it answers.
  await eventually(() => scene.slot.resident.length === 1);
  expect(users(memory)).toEqual(['m 1', 'm 2', 'n 3']);
  expect(phases).toEqual(['FETCHING']);
  await scene.openGate();
  expect((await held).version).toBe('1');
  await expect(waiting).resolves.toMatchObject({ outcome: 'swapped' });
  expect(users(memory)).toEqual(['m 2', 'n 3', 'n 4']);
});

test('loads at the same time see each other', async () => {
  await using replica = await twoModels(1);
  const { scene, other, memory } = replica;
  const outcomes = await Promise.allSettled([
    scene.slot.serve({ version: '1', stamp: 'a' }),
    other.serve({ version: '2', stamp: 'b' }),
  ]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(users(memory)).toHaveLength(1);
});

test('the memory of a load that fails is given back', async () => {
  await using replica = await twoModels(1);
  const { scene, memory } = replica;
  await scene.exitOnLoad('1');
  await expect(scene.slot.serve({ version: '1', stamp: 'a' })).rejects.toMatchObject({
    code: 'CRASHED_WHILE_LOADING',
  });
  expect(memory.usage).toEqual([]);
});

test('a load is announced once it has its memory, and one that is refused then gives it back', async () => {
  const memory = roomFor(1);
  const taken = await memory.reserve({ model: 'other', version: '1', fileBytes: 0, workers: 1 });
  const announced: string[] = [];
  await using scene = await Scene.open({
    memory,
    guardLoad: ({ version }) => {
      announced.push(version);
      return Promise.reject(new ModelError('CRASHED_WHILE_LOADING', 'it is not loaded'));
    },
  });
  const refusedByMemory = scene.slot.serve({ version: '1', stamp: 'a' });
  await expect(refusedByMemory).rejects.toMatchObject({ code: 'MEMORY_REFUSED' });
  for (const part of taken) part.release();
  const refusedByGuard = scene.slot.serve({ version: '2', stamp: 'b' });
  await expect(refusedByGuard).rejects.toMatchObject({ message: 'it is not loaded' });
  expect(announced).toEqual(['2']);
  expect(memory.usage).toEqual([]);
});

test('a thread that is left behind takes its memory until it is gone', async () => {
  const memory = roomFor(1);
  await using scene = await Scene.open({ memory, loadTimeoutMs: 300 });
  await scene.holdLoad('1');
  await expect(scene.slot.serve({ version: '1', stamp: 'a' })).rejects.toMatchObject({ code: 'TIMEOUT' });
  await expect(scene.slot.serve({ version: '2', stamp: 'b' })).rejects.toMatchObject({
    code: 'MEMORY_REFUSED',
  });
  expect(users(memory)).toEqual(['m 1']);
  await scene.openGate();
  await eventually(() => memory.usage.length === 0);
});

test('each worker counts, and one that is started again', async () => {
  const memory = roomFor(6);
  await using scene = await Scene.open({ memory, workers: 2 });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  expect(Math.round(taken(memory)['m 1'] ?? 0)).toBe(40);
  await scene.ask(ASKS.exit).catch(() => undefined);
  await eventually(async () => (await scene.trace()).filter((line) => line === '1 loading').length === 4);
  await eventually(() => Math.round(taken(memory)['m 1'] ?? 0) === 40);
});

test('a version whose last worker died comes back as soon as there is room', async () => {
  await using replica = await twoModels(2);
  const { scene, other, memory } = replica;
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await other.serve({ version: '2', stamp: 'b' });
  // Somebody takes the room of the dead one before that is started again.
  const dead = firstValueFrom(scene.slot.state$.pipe(filter(({ serving }) => serving === undefined)), {
    defaultValue: undefined,
  });
  const taker = dead.then(() => memory.reserve({ model: 'taker', version: '1', fileBytes: 0, workers: 1 }));
  await scene.ask(ASKS.exit).catch(() => undefined);
  await eventually(() => scene.slot.state.fault?.code === 'MEMORY_REFUSED');
  expect(scene.slot.state.fault).toMatchObject({ retryable: true });
  for (const part of await taker) part.release();
  await eventually(() => scene.slot.serving);
});

test('a config that builds the version anew is refused when both do not fit', async () => {
  const memory = roomFor(1);
  await using scene = await Scene.open({ memory });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await expect(scene.slot.configure(config({ session: { intraOpThreads: 2 } }), 'z')).rejects.toMatchObject({
    name: 'ConfigError',
    path: '$.session',
    message: expect.stringContaining('version 1 of model m needs 20 MiB') as string,
  });
  expect(await scene.slot.infer(ask(ASKS.nothing))).toMatchObject({ version: '1', configStamp: undefined });
});

test('a version that cannot be measured is tried again', async () => {
  await using scene = await Scene.open();
  const repository = {
    locate: () => Promise.resolve({ model: 'm', version: '1', modelPath: scene.path('nothing') }),
  };
  // Only `locate` is asked.
  await using slot = Scene.of(scene.path('models'), 'm', {
    repository: repository as unknown as ModelRepository,
  });
  await expect(slot.serve({ version: '1', stamp: 'a' })).rejects.toMatchObject({
    code: 'FETCH_FAILED',
    retryable: true,
    message: expect.stringContaining('version 1 of model m cannot be read: ENOENT') as string,
  });
});
