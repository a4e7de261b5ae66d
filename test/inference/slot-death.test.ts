import { readFile, rm, writeFile } from 'node:fs/promises';
import { ModelRepository, type ModelFiles } from '../../src/inference/repository';
import { Expected } from '../../src/inference/expected';
import type { SlotState } from '../../src/inference/slot-state';
import { eventually } from '../support/eventually';
import { config } from './requests';
import { ask, ASKS, output, Scene } from './slot-scene';

test.each([
  ['exits', ASKS.exit, 'exit code 7'],
  ['throws asynchronously', ASKS.throwLater, 'thrown later'],
])('a worker that %s fails its requests clearly and is started again', async (_, asks, reason) => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const states: SlotState[] = [];
  const asked = new Expected<unknown>();
  const described = jest.fn();
  const subscription = scene.slot.state$.subscribe((state) => {
    states.push(state);
    if (state.serving !== undefined) return;
    scene.ask().catch(asked.resolve);
    try {
      scene.slot.signature();
    } catch (error) {
      described(error);
    }
  });
  await scene.ask(asks).catch(() => undefined);
  const refused = { code: 'NOT_READY', message: `the worker of model m version 1 ended: ${reason}` };
  expect(await asked.promise).toMatchObject(refused);
  expect(described).toHaveBeenCalledWith(expect.objectContaining(refused));
  await eventually(() => scene.slot.serving);
  expect(output(await scene.ask(), 'version')).toEqual([1]);
  expect(await scene.ask()).toMatchObject({ versionStamp: 'a' });
  expect(states).toMatchObject([
    { serving: { version: '1' }, resident: ['1'], fault: undefined },
    {
      serving: undefined,
      resident: [],
      fault: {
        code: 'CRASHED_WHILE_LOADING',
        retryable: true,
        message: expect.stringContaining(reason) as string,
      },
    },
    { serving: { version: '1', stamp: 'a' }, resident: ['1'], fault: undefined },
  ]);
  subscription.unsubscribe();
});

test('what is in the worker or waits for it as it ends fails, and nothing else', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  const held = scene.ask(ASKS.waitForGate);
  await scene.traced('2 run -1');
  const waiting = [scene.ask(ASKS.exit), scene.ask()];
  const other = scene.ask(ASKS.nothing, { version: '1' });
  const outcomes = Promise.allSettled([...waiting, other]);
  await scene.openGate();
  await held;
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  for (const request of waiting) {
    await expect(request).rejects.toMatchObject({
      code: 'NOT_READY',
      message: 'the worker of model m version 2 ended: exit code 7',
    });
  }
  await eventually(() => scene.slot.serving);
});

test('a version that was kept and dies is forgotten', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  await expect(scene.ask(ASKS.exit, { version: '1' })).rejects.toMatchObject({ code: 'NOT_READY' });
  await eventually(() => scene.slot.resident.length === 1);
  expect(scene.slot.state).toMatchObject({ serving: { version: '2' }, resident: ['2'], fault: undefined });
  await expect(scene.ask(ASKS.nothing, { version: '1' })).rejects.toMatchObject({ code: 'UNKNOWN_VERSION' });
  await expect(scene.slot.serve({ version: '1', stamp: 'c' })).resolves.toMatchObject({ outcome: 'swapped' });
});

test('it is not tried for ever when it cannot help, and another version serves all the same', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await rm(scene.path('models/m/1/model.onnx'));
  await scene.ask(ASKS.exit).catch(() => undefined);
  await eventually(() => scene.slot.state.fault?.code === 'NOT_FOUND');
  await scene.slot.serve({ version: '2', stamp: 'b' });
  expect(scene.slot.state).toMatchObject({ serving: { version: '2' }, resident: ['2'], fault: undefined });
});

test('a version that was kept and dies as it is promoted is built anew', async () => {
  await using scene = await Scene.open();
  await scene.exitOnCheck('1');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.slot.serve({ version: '2', stamp: 'b' });
  scene.ask(ASKS.waitForGate, { version: '1' }).catch(() => undefined);
  await scene.traced('1 run -1');
  await scene.slot.configure(config({ params: { strict: true } }), 'z');
  const served = scene.slot.serve({ version: '1', stamp: 'c' });
  await scene.openGate();
  await expect(served).resolves.toMatchObject({ outcome: 'swapped' });
  expect((await scene.trace()).filter((line) => line === '1 loading')).toHaveLength(2);
  expect(await scene.ask()).toMatchObject({ version: '1', configStamp: 'z' });
});

test('a config is applied though the worker that is asked about it dies', async () => {
  await using scene = await Scene.open();
  await scene.exitOnCheck('1');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await expect(scene.slot.configure(config({ params: { strict: true } }), 'z')).resolves.toBe('applied');
  expect(await scene.ask()).toMatchObject({ version: '1', versionStamp: 'a', configStamp: 'z' });
  expect((await scene.trace()).filter((line) => line === '1 loading')).toHaveLength(2);
});

test('a config is refused when the dead worker cannot be started with it', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await rm(scene.path('models/m/1/model.onnx'));
  await scene.ask(ASKS.exit).catch(() => undefined);
  await eventually(() => scene.slot.state.fault?.code === 'NOT_FOUND');
  await expect(scene.slot.configure(config(), 'z')).rejects.toMatchObject({
    name: 'ConfigError',
    path: '$',
    message: expect.stringContaining('version 1 of model m is not in the repository') as string,
  });
  expect(scene.slot.config.stamp).toBeUndefined();
});

test('a version that dies when it is built, before it serves, leaves the one that works', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await scene.exitOnCheck('2');
  await scene.holdLoad('2');
  const served = scene.slot.serve({ version: '2', stamp: 'b' });
  await scene.traced('2 loading');
  await scene.slot.configure(config({ params: { strict: true } }), 'z');
  await scene.openGate();
  await expect(served).rejects.toMatchObject({
    code: 'CRASHED_WHILE_LOADING',
    retryable: true,
    message: expect.stringContaining('the params could not be checked') as string,
  });
  expect(scene.slot.serving).toMatchObject({ version: '1', stamp: 'a' });
});

test('a handler that was changed on the disk meanwhile takes nobody’s place; put back, it does with the next config', async () => {
  await using scene = await Scene.open();
  await scene.slot.configure(config({ params: { strict: true } }), 'z');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const handler = scene.path('models/m/1/handler.js');
  const served = await readFile(handler);
  await writeFile(handler, 'export default { params: { type: "object", additionalProperties: false } };');
  await scene.ask(ASKS.exit).catch(() => undefined);
  await eventually(() => scene.slot.state.fault?.retryable === false);
  expect(scene.slot.state.fault).toMatchObject({
    code: 'DIGEST_MISMATCH',
    message: expect.stringContaining('handler.js') as string,
  });
  await writeFile(handler, served);
  await scene.slot.configure(config(), 'z2');
  expect((await scene.ask()).configStamp).toBe('z2');
});

test('a handler that is of another mind by then does not get by with a config that it refuses', async () => {
  await using scene = await Scene.open();
  await writeFile(
    scene.path('models/m/1/handler.js'),
    `import { existsSync } from 'node:fs';
     const strict = existsSync(${JSON.stringify(scene.path('strict'))});
     export default {
       params: { type: 'object', additionalProperties: !strict },
       preprocess(inputs) {
         if (inputs.input.data[0] === ${ASKS.exit}) process.exit(7);
         return inputs;
       },
     };`,
  );
  await scene.slot.configure(config({ params: { strict: true } }), 'z');
  await scene.slot.serve({ version: '1', stamp: 'a' });
  await writeFile(scene.path('strict'), '');
  await scene.ask(ASKS.exit).catch(() => undefined);
  await eventually(() => scene.slot.state.fault?.retryable === false);
  expect(scene.slot.state.fault).toMatchObject({
    code: 'WARMUP_FAILED',
    message: expect.stringContaining('$.params.strict is not one of the params') as string,
  });
  await scene.slot.configure(config(), 'z2');
  expect((await scene.ask()).configStamp).toBe('z2');
});

test('a disk that cannot say is asked again', async () => {
  class Troubled extends ModelRepository {
    trouble: Error | undefined;
    override locate(model: string, version: string): Promise<ModelFiles> {
      return this.trouble ? Promise.reject(this.trouble) : super.locate(model, version);
    }
  }
  await using scene = await Scene.open();
  const troubled = new Troubled(scene.path('models'));
  await using slot = Scene.of(scene.path('models'), 'm', { repository: troubled });
  await slot.serve({ version: '1', stamp: 'a' });
  troubled.trouble = new Error('input/output error');
  await slot.infer(ask(ASKS.exit)).catch(() => undefined);
  await eventually(() => slot.state.fault?.message === 'input/output error');
  troubled.trouble = undefined;
  await eventually(() => slot.serving);
});

describe('a worker that ends each time it loads', () => {
  async function givenUp(): Promise<Scene> {
    const scene = await Scene.open();
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await scene.exitOnLoad('1');
    await scene.ask(ASKS.exit).catch(() => undefined);
    await eventually(() => scene.slot.state.fault?.retryable === false);
    await scene.loadWell('1');
    return scene;
  }

  test('is given up, and the same version can be promoted again', async () => {
    await using scene = await givenUp();
    expect(scene.slot.state.fault).toMatchObject({
      code: 'CRASHED_WHILE_LOADING',
      message: expect.stringMatching(/ended while loading: .*\(3 times in a row\)/) as string,
    });
    expect((await scene.trace()).filter((line) => line === '1 loading')).toHaveLength(4);
    await expect(scene.ask()).rejects.toMatchObject({ code: 'NOT_READY' });
    await expect(scene.slot.serve({ version: '1', stamp: 'b' })).resolves.toMatchObject({
      outcome: 'swapped',
    });
    expect(await scene.ask()).toMatchObject({ version: '1', versionStamp: 'b' });
  });

  test('is given another chance by a new config', async () => {
    await using scene = await givenUp();
    await expect(scene.slot.configure(config({ params: { strict: true } }), 'z1')).resolves.toBe('applied');
    expect(await scene.ask()).toMatchObject({ version: '1', versionStamp: 'a', configStamp: 'z1' });
    expect(scene.slot.state.fault).toBeUndefined();
  });
});
