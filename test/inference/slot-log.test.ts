import { config, request } from './requests';
import { Scene } from './slot-scene';

describe('log', () => {
  test('level is that of the handler, whatever the level of the replica', async () => {
    await using scene = await Scene.open();
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await scene.ask();
    await scene.slot.configure(config({ log: { level: 'debug' } }), 'z1');
    await scene.ask();
    await scene.slot[Symbol.asyncDispose]();
    expect(scene.lines.filter(({ msg }) => msg === 'a line at debug')).toMatchObject([
      { level: 20, model: 'm', version: '1' },
    ]);
  });

  test('sampleRate is the share of requests that get a line', async () => {
    await using scene = await Scene.open();
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await scene.ask();
    expect(scene.lines.filter(({ msg }) => msg.startsWith('request'))).toEqual([]);
    await scene.slot.configure(config({ log: { sampleRate: 1 } }), 'z1');
    await scene.ask();
    await expect(scene.slot.infer(request('no request'))).rejects.toMatchObject({ code: 'BAD_INPUT' });
    expect(scene.lines.filter(({ msg }) => msg.startsWith('request'))).toMatchObject([
      { msg: 'request answered', model: 'm', version: '1', ms: expect.any(Number) as number },
      { msg: 'request failed', code: 'BAD_INPUT' },
    ]);
    await scene.slot.configure(config({ log: { sampleRate: 1, level: 'warn' } }), 'z2');
    await scene.ask();
    expect(scene.lines.filter(({ msg }) => msg.startsWith('request'))).toHaveLength(2);
  });
});
