import { cp } from 'node:fs/promises';
import pino from 'pino';
import { MemoryBudget } from '../../src/inference/memory-budget';
import { config } from './requests';
import { MIB } from './memory-scene';
import { ASKS, Scene } from './slot-scene';

test('a load does not wait for the room of a worker that was told to end and does not', async () => {
  const memory = new MemoryBudget({ limitBytes: 2 * 21 * MIB, log: pino({ level: 'silent' }) });
  await using scene = await Scene.open({ memory, callTimeoutMs: 300 });
  await cp(scene.path('models/m'), scene.path('models/n'), { recursive: true });
  await using other = Scene.of(scene.path('models'), 'n', { memory });
  await scene.slot.configure(config({ admission: { timeoutMs: 500 } }), 'z');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  const stuck = scene.ask(ASKS.waitForGate, { version: '1', arrivedAt: performance.now() });
  await expect(stuck).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  await expect(other.serve({ version: '3', stamp: 'c' })).rejects.toMatchObject({
    code: 'MEMORY_REFUSED',
    retryable: true,
  });
  expect(memory.usage.map(({ model, version }) => `${model} ${version}`).sort()).toEqual(['m 1', 'm 2']);
  await scene.openGate();
  await scene.traced('1 ended');
});
