import { DEFAULT_CONFIG } from '../../src/handler-config';
import type { InferenceAnswer } from '../../src/inference/inference-request';
import type { ModelSlot } from '../../src/inference/slot';
import { config } from './requests';
import { ASKS, FIXTURES, output, rows, SAMPLES, Scene } from './slot-scene';

const FLOWER = [6.1, 2.8, 4.0, 1.3];

function classify(slot: ModelSlot): Promise<InferenceAnswer> {
  return slot.infer(rows([FLOWER]));
}

describe('before anything serves', () => {
  test('a config waits for the first version, which is served by it', async () => {
    await using slot = Scene.of(SAMPLES, 'iris');
    const wanted = config({ params: { threshold: 1 } });
    await expect(slot.configure(wanted, 'z1')).resolves.toBe('pending');
    expect(slot.config).toMatchObject({ config: wanted, stamp: 'z1' });
    await slot.serve({ version: '2', stamp: 'a' });
    const answer = await classify(slot);
    expect(answer.configStamp).toBe('z1');
    expect(output(answer, 'label_name')).toEqual(['unsure']);
    expect(slot.state.configRefused).toBeUndefined();
  });

  test('params that the first version refuses give way to the defaults, and the state says so', async () => {
    await using slot = Scene.of(SAMPLES, 'iris');
    await slot.configure(config({ params: { threshold: 'high' }, batching: { maxRows: 3 } }), 'z1');
    await slot.serve({ version: '2', stamp: 'a' });
    expect(slot.config).toMatchObject({ config: DEFAULT_CONFIG, stamp: undefined });
    expect(slot.state.configRefused).toMatchObject({
      stamp: 'z1',
      error: { name: 'ConfigError', path: '$.params.threshold' },
    });
    expect((await classify(slot)).configStamp).toBeUndefined();
    await slot.configure(config({ params: { threshold: 0.5 } }), 'z2');
    expect(slot.state.configRefused).toBeUndefined();
    expect((await classify(slot)).configStamp).toBe('z2');
  });

  test('a session that the first version cannot be loaded with does so too', async () => {
    await using slot = Scene.of(SAMPLES, 'iris');
    await slot.configure(config({ session: { executionProviders: ['abacus'] } }), 'z1');
    await slot.serve({ version: '1', stamp: 'a' });
    expect(slot.state.configRefused).toMatchObject({ stamp: 'z1', error: { path: '$.session' } });
    expect((await classify(slot)).configStamp).toBeUndefined();
  });

  test('a version that fails without the config too fails as itself', async () => {
    await using slot = Scene.of(FIXTURES, 'truncated');
    await slot.configure(config({ session: { intraOpThreads: 2 } }), 'z1');
    await expect(slot.serve({ version: '1', stamp: 'a' })).rejects.toMatchObject({ code: 'BAD_MODEL' });
    expect(slot.config.stamp).toBe('z1');
    expect(slot.state.configRefused).toBeUndefined();
  });

  test('a version that refuses the defaults too waits for a config that it takes', async () => {
    await using slot = Scene.of(FIXTURES, 'handler_params');
    await slot.configure(config({ params: { scale: 'large' } }), 'z1');
    await expect(slot.serve({ version: '1', stamp: 'a' })).rejects.toMatchObject({
      code: 'WARMUP_FAILED',
      retryable: false,
      message: expect.stringContaining('refuses the config in force') as string,
    });
    expect(slot.config.stamp).toBe('z1');
    await expect(slot.configure(config({ params: { scale: 3 } }), 'z2')).resolves.toBe('pending');
    await slot.serve({ version: '1', stamp: 'a' });
    expect(output(await slot.infer(rows([[1, 2]])), 'output')).toEqual([3, 6]);
  });

  test('a config that comes while the first version loads is the one that it serves by', async () => {
    await using scene = await Scene.open();
    await scene.holdLoad('1');
    const served = scene.slot.serve({ version: '1', stamp: 'a' });
    await scene.traced('1 loading');
    await scene.slot.configure(config({ session: { intraOpThreads: 2 } }), 'z1');
    await scene.openGate();
    await served;
    expect((await scene.ask()).configStamp).toBe('z1');
    expect((await scene.trace()).filter((line) => line === '1 loading')).toHaveLength(2);
  });
});

describe('with the same session', () => {
  test('a config holds for the next request, and those that have begun keep theirs', async () => {
    await using scene = await Scene.open();
    await scene.slot.configure(config(), 'z1');
    await scene.slot.serve({ version: '1', stamp: 'a' });
    const held = scene.ask(ASKS.waitForGate);
    await scene.traced('1 run -1');
    const waiting = scene.ask();
    const configured = scene.slot.configure(config({ params: { strict: true } }), 'z2');
    await scene.openGate();
    await expect(configured).resolves.toBe('applied');
    const after = await scene.ask();
    expect([(await held).configStamp, (await waiting).configStamp, after.configStamp]).toEqual([
      'z1',
      'z1',
      'z2',
    ]);
    expect((await scene.trace()).slice(1)).toEqual(['1 run -1 {}', '1 run 0 {}', '1 run 0 {"strict":true}']);
  });

  test('it takes effect while another version loads', async () => {
    await using scene = await Scene.open();
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await scene.holdLoad('2');
    const served = scene.slot.serve({ version: '2', stamp: 'b' });
    await scene.traced('2 loading');
    await scene.slot.configure(config({ params: { strict: true } }), 'z1');
    expect(await scene.ask()).toMatchObject({ version: '1', configStamp: 'z1' });
    await scene.openGate();
    await served;
    expect(await scene.ask()).toMatchObject({ version: '2', configStamp: 'z1' });
    expect(await scene.trace()).toContain('2 run 0 {"strict":true}');
  });

  test('params that the handler refuses leave the config before in force', async () => {
    await using slot = Scene.of(SAMPLES, 'iris');
    await slot.serve({ version: '2', stamp: 'a' });
    await slot.configure(config({ params: { threshold: 0.1 } }), 'z1');
    await expect(slot.configure(config({ params: { threshold: 2 } }), 'z2')).rejects.toMatchObject({
      name: 'ConfigError',
      path: '$.params.threshold',
    });
    expect(slot.config.stamp).toBe('z1');
    expect((await classify(slot)).configStamp).toBe('z1');
  });

  test('a version whose handler refuses the config in force does not displace the one that takes them', async () => {
    await using slot = Scene.of(SAMPLES, 'iris');
    await slot.serve({ version: '1', stamp: 'a' });
    await slot.configure(config({ params: { colour: 'blue' } }), 'z1');
    await expect(slot.serve({ version: '2', stamp: 'b' })).rejects.toMatchObject({
      code: 'WARMUP_FAILED',
      retryable: false,
      message: expect.stringContaining('colour') as string,
    });
    expect(slot.serving).toMatchObject({ version: '1', stamp: 'a' });
    await slot.configure(config(), 'z2');
    await slot.serve({ version: '2', stamp: 'b' });
    await slot.serve({ version: '1', stamp: 'c' });
    await slot.configure(config({ params: { colour: 'blue' } }), 'z3');
    await expect(slot.serve({ version: '2', stamp: 'd' })).rejects.toMatchObject({ code: 'WARMUP_FAILED' });
    expect((await classify(slot)).version).toBe('1');
  });
});

test('a config that the worker cannot be asked about, since it hangs, is refused', async () => {
  await using scene = await Scene.open({ callTimeoutMs: 50 });
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const held = scene.ask(ASKS.waitForGate);
  await scene.traced('1 run -1');
  const wanted = config({ params: { strict: true } });
  await expect(scene.slot.configure(wanted, 'z1')).rejects.toMatchObject({
    name: 'ConfigError',
    path: '$',
    message: expect.stringContaining('did not answer within 50 ms') as string,
  });
  await scene.openGate();
  await held;
  await scene.slot.configure(wanted, 'z2');
  expect((await scene.ask()).configStamp).toBe('z2');
});

describe('with another session', () => {
  const twoThreads = config({ session: { intraOpThreads: 2 } });

  test('the same version is built beside itself, and both are swapped', async () => {
    await using scene = await Scene.open();
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await scene.slot.serve({ version: '2', stamp: 'b' });
    const before = scene.slot.serving;
    await scene.holdLoad('2');
    const configured = scene.slot.configure(twoThreads, 'z1');
    await scene.traced('2 loading');
    expect((await scene.ask()).configStamp).toBeUndefined();
    await scene.openGate();
    await expect(configured).resolves.toBe('applied');
    expect(await scene.ask()).toMatchObject({ version: '2', versionStamp: 'b', configStamp: 'z1' });
    expect(scene.slot.serving).toEqual(before);
    expect(scene.slot.resident).toEqual(['2', '1']);
    await scene.traced('2 ended');
    // Version 1 is in memory with the session of before: rolling back to it builds it anew.
    await expect(scene.slot.serve({ version: '1', stamp: 'c' })).resolves.toMatchObject({
      outcome: 'swapped',
    });
    expect(scene.slot.resident).toEqual(['1', '2']);
  });

  test('one that the version cannot be built with leaves the config before in force', async () => {
    await using slot = Scene.of(SAMPLES, 'iris');
    await slot.serve({ version: '1', stamp: 'a' });
    await expect(
      slot.configure(config({ session: { executionProviders: ['abacus'] } }), 'z1'),
    ).rejects.toMatchObject({ name: 'ConfigError', path: '$.session' });
    expect(slot.config.stamp).toBeUndefined();
    expect((await classify(slot)).version).toBe('1');
  });

  test('params that are refused as the version is built anew refuse it whole', async () => {
    await using slot = Scene.of(SAMPLES, 'iris');
    await slot.serve({ version: '2', stamp: 'a' });
    await expect(
      slot.configure(config({ session: { intraOpThreads: 2 }, params: { threshold: 2 } }), 'z1'),
    ).rejects.toMatchObject({ path: '$.params.threshold' });
    expect(slot.config.stamp).toBeUndefined();
  });

  test('a version that was promoted meanwhile is served by the new session too', async () => {
    await using scene = await Scene.open();
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await scene.slot.serve({ version: '2', stamp: 'b' });
    await scene.holdLoad('2');
    const configured = scene.slot.configure(twoThreads, 'z1');
    await scene.traced('2 loading');
    await scene.slot.serve({ version: '1', stamp: 'c' });
    await scene.openGate();
    await expect(configured).resolves.toBe('applied');
    expect(await scene.ask()).toMatchObject({ version: '1', versionStamp: 'c', configStamp: 'z1' });
  });

  test('one that a later config has overtaken is not put in force', async () => {
    await using scene = await Scene.open();
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await scene.holdLoad('1');
    const overtaken = scene.slot.configure(twoThreads, 'z1');
    await scene.slot.configure(config({ params: { strict: true } }), 'z2');
    await scene.openGate();
    await expect(overtaken).resolves.toBe('superseded');
    expect((await scene.ask()).configStamp).toBe('z2');
  });
});
