import { join } from 'node:path';
import { DEFAULT_CONFIG } from '../../src/handler-config';
import type { ModelThread } from '../../src/inference/model-thread';
import { startModelThread } from '../../bench/workers/start-model-thread';
import type { ModelThreadOptions } from '../../src/inference/model-thread-options';
import { ModelRepository } from '../../src/inference/repository';
import { BodyPacker } from '../../src/inference/worker/packed-bodies';
import { eventually } from '../support/eventually';
import { ASKS, ask, Scene } from './slot-scene';

async function start(
  scene: Scene,
  version: string,
  limits: Partial<ModelThreadOptions> = {},
): Promise<ModelThread> {
  const files = await new ModelRepository(join(scene.directory, 'models')).locate('m', version);
  return startModelThread({
    data: { files, session: DEFAULT_CONFIG.session, handlers: true, params: { epoch: 0, params: {} } },
    log: scene.log,
    ...limits,
  });
}

function batchOf(value: number) {
  const { body } = ask(value);
  const packer = new BodyPacker(1, body.byteLength);
  body.copyTo(new Uint8Array(packer.buffer), packer.place(body.byteLength, -1));
  return {
    maxRows: 1,
    bodies: packer.buffer,
    params: [{ epoch: 0, params: {} }],
    logLevel: 'info' as const,
  };
}

test('a thread that is not ready in time is left alone, and ends when it listens again', async () => {
  await using scene = await Scene.open();
  await scene.holdLoad('1');
  await expect(start(scene, '1', { loadTimeoutMs: 500 })).rejects.toMatchObject({
    name: 'ModelError',
    code: 'TIMEOUT',
    retryable: false,
    message: 'the worker of model m version 1 was not ready within 500 ms',
  });
  expect(scene.lines.map(({ msg }) => msg)).toEqual([
    'the worker thread is not ready in time: it is left behind',
  ]);
  await scene.openGate();
  await eventually(() => scene.lines[1]?.msg === 'the worker thread that was left behind has ended');
});

test('it answers what it was given before it was asked to end, and nothing after', async () => {
  await using scene = await Scene.open();
  const thread = await start(scene, '1');
  expect(thread.ready).toMatchObject({ hasHandler: true, signature: { batchable: true } });
  const answers = thread.run(batchOf(ASKS.nothing));
  const verdict = thread.checkParams({ epoch: 1, params: { strict: 'yes' } });
  const ended = thread.end();
  expect(thread.end()).toBe(ended);
  expect((await answers).failures).toEqual([]);
  expect(await verdict).toMatchObject({ path: '$.strict' });
  await ended;
  await expect(thread.gone).resolves.toEqual({ how: 'ended', reason: 'exit code 0' });
  const gone = { code: 'NOT_READY', message: 'the worker of model m version 1 ended: exit code 0' };
  await expect(thread.run(batchOf(ASKS.nothing))).rejects.toMatchObject(gone);
  await expect(thread.checkParams({ epoch: 2, params: {} })).rejects.toMatchObject(gone);
  await thread.end();
});

test('what was in it as it went fails', async () => {
  await using scene = await Scene.open();
  const thread = await start(scene, '1');
  const outcomes = await Promise.allSettled([
    thread.run(batchOf(ASKS.exit)),
    thread.run(batchOf(ASKS.nothing)),
    thread.checkParams({ epoch: 1, params: {} }),
  ]);
  for (const outcome of outcomes) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'NOT_READY' } });
  }
  await thread.end();
});

test('one that does not come back from a batch is left behind when it should end', async () => {
  await using scene = await Scene.open();
  const thread = await start(scene, '1', { callTimeoutMs: 50 });
  const answers = thread.run(batchOf(ASKS.waitForGate));
  await scene.traced('1 run -1');
  await expect(thread.checkParams({ epoch: 1, params: {} })).rejects.toMatchObject({
    code: 'NOT_READY',
    message: 'the worker of model m version 1 did not answer within 50 ms',
  });
  await thread.end();
  expect(scene.lines).toMatchObject([
    { level: 50, milliseconds: 50, msg: 'the worker thread does not end: it hangs and is left behind' },
  ]);
  await scene.openGate();
  expect((await answers).failures).toEqual([]);
  await expect(thread.gone).resolves.toEqual({ how: 'ended', reason: 'exit code 0' });
});
