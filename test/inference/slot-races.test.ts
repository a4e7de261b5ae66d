import { eventually } from '../support/eventually';
import { config } from './requests';
import { ASKS, Scene } from './slot-scene';

/** What happens while a worker is asked about params and is slow to answer, or while a load is in progress. */

const strict = config({ params: { strict: true } });

/** Version 2 serves, 1 is kept; the worker of `busy` answers nothing until the gate opens. */
async function busyScene(busy: '1' | '2'): Promise<Scene> {
  const scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  scene.ask(ASKS.waitForGate, { version: busy }).catch(() => undefined);
  await scene.traced(`${busy} run -1`);
  return scene;
}

test('a config that comes while a kept version is asked about the one before is asked about too', async () => {
  await using scene = await busyScene('1');
  await scene.slot.configure(config({ batching: { maxRows: 2 } }), 'z1');
  const served = scene.slot.serve({ version: '1', stamp: 'c' });
  await scene.slot.configure(strict, 'z2');
  await scene.openGate();
  await expect(served).resolves.toMatchObject({ outcome: 'resident' });
  expect(await scene.ask()).toMatchObject({ version: '1', configStamp: 'z2' });
  expect(await scene.trace()).toContain('1 run 0 {"strict":true}');
});

test('a kept version that is let go while it is asked is built anew', async () => {
  await using scene = await busyScene('1');
  await scene.slot.configure(strict, 'z1');
  const served = scene.slot.serve({ version: '1', stamp: 'c' });
  await scene.slot.configure(config({ residency: { keepPrevious: 0 } }), 'z2');
  await scene.openGate();
  await expect(served).resolves.toMatchObject({ outcome: 'swapped' });
  await scene.traced('1 ended');
  expect((await scene.ask()).version).toBe('1');
});

test('an older config whose version answers late does not displace a newer one', async () => {
  await using scene = await busyScene('2');
  const late = scene.slot.configure(strict, 'z1');
  await scene.slot.serve({ version: '1', stamp: 'c' });
  await expect(scene.slot.configure(config({ batching: { maxRows: 2 } }), 'z2')).resolves.toBe('applied');
  await scene.openGate();
  await expect(late).resolves.toBe('superseded');
  expect((await scene.ask()).configStamp).toBe('z2');
});

test('a config whose version is replaced while it is asked is put to the one that serves then', async () => {
  await using scene = await busyScene('2');
  const configured = scene.slot.configure(strict, 'z1');
  await scene.slot.serve({ version: '1', stamp: 'c' });
  await scene.openGate();
  await expect(configured).resolves.toBe('applied');
  await scene.ask();
  expect(await scene.trace()).toContain('1 run 0 {"strict":true}');
});

test('closing while a dead worker is started again waits for that load and drops it', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.holdLoad('1');
  await scene.ask(ASKS.exit).catch(() => undefined);
  const loads = async () => (await scene.trace()).filter((line) => line === '1 loading').length;
  await eventually(loads, (count) => count === 2);
  const closed = scene.slot[Symbol.asyncDispose]();
  await scene.openGate();
  await closed;
  expect((await scene.trace()).filter((line) => line === '1 ended')).toHaveLength(2);
});
