import { eventually } from '../support/eventually';
import { Scene } from './slot-scene';

describe('while a version loads', () => {
  test('one in memory is swapped in at once, and the load is dropped when it is done', async () => {
    await using scene = await Scene.open();
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await scene.slot.serve({ version: '2', stamp: 'b' });
    await scene.holdLoad('3');
    const overtaken = scene.slot.serve({ version: '3', stamp: 'c' });
    overtaken.catch(() => undefined);
    await scene.traced('3 loading');
    await scene.slot.serve({ version: '1', stamp: 'd' });
    expect(await scene.ask()).toMatchObject({ version: '1', versionStamp: 'd' });
    await scene.openGate();
    await expect(overtaken).rejects.toMatchObject({ name: 'AbortError' });
    await scene.traced('3 ended');
    expect(scene.slot.serving).toMatchObject({ version: '1', stamp: 'd' });
  });

  test('a serve that is aborted rejects at once; its load goes on, is dropped, and the next begins after it', async () => {
    await using scene = await Scene.open();
    await scene.slot.serve({ version: '1', stamp: 'a' });
    await scene.holdLoad('2');
    const unwanted = new AbortController();
    const onPhase = jest.fn();
    const aborted = scene.slot.serve({ version: '2', stamp: 'b', signal: unwanted.signal, onPhase });
    aborted.catch(() => undefined);
    await scene.traced('2 loading');
    const reason = new Error('version 3 is wanted now');
    unwanted.abort(reason);
    await expect(aborted).rejects.toBe(reason);
    const told = onPhase.mock.calls.length;
    const next = scene.slot.serve({ version: '3', stamp: 'c' });
    expect(scene.slot.serving).toMatchObject({ version: '1', stamp: 'a' });
    await scene.openGate();
    await expect(next).resolves.toMatchObject({ outcome: 'swapped' });
    const trace = await eventually(
      () => scene.trace(),
      (lines) => lines.includes('2 ended'),
    );
    expect(trace.indexOf('3 loading')).toBeGreaterThan(trace.indexOf('2 loading'));
    expect(scene.slot.resident).toEqual(['3', '1']);
    expect(onPhase).toHaveBeenCalledTimes(told);
  });

  test('one that was aborted before it began is not loaded', async () => {
    await using scene = await Scene.open();
    await scene.holdLoad('2');
    const first = scene.slot.serve({ version: '2', stamp: 'a' });
    await scene.traced('2 loading');
    const unwanted = new AbortController();
    const second = scene.slot.serve({ version: '3', stamp: 'b', signal: unwanted.signal });
    unwanted.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    await expect(
      scene.slot.serve({ version: '3', stamp: 'b', signal: unwanted.signal }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    await scene.openGate();
    await first;
    await scene.slot.serve({ version: '4', stamp: 'c' });
    expect(await scene.trace()).not.toContain('3 loading');
  });
});
