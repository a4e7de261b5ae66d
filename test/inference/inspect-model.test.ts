import { cp, readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { inspectModel } from '../../src/inference/inspect-model';
import { fixtures, samples } from '../support/repositories';
import { Scratch } from '../support/scratch';

describe('inspecting a model file', () => {
  it('gives its signature and digest, and tells the phases', async () => {
    const path = join(samples.root, 'iris/2/model.onnx');
    const phases: string[] = [];
    const inspected = await inspectModel(
      { model: 'iris', version: '2', path },
      { onPhase: (phase) => phases.push(phase) },
    );
    expect(inspected).toMatchObject({
      sha256: createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
      hasHandler: true,
      signature: { batchable: true, inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 4] }] },
    });
    expect(phases).toEqual(['VERIFYING', 'LOADING', 'WARMING']);
  });

  it.each([
    ['truncated', 'BAD_MODEL'],
    ['fails_to_warm', 'WARMUP_FAILED'],
    ['bad_probe', 'PROBE_MISMATCH'],
    ['bad_settings', 'BAD_MODEL'],
    ['handler_garbage', 'BAD_MODEL'],
  ])('finds what is wrong with %s', async (model, code) => {
    const path = join(fixtures.root, model, '1/model.onnx');
    await expect(inspectModel({ model, version: '1', path })).rejects.toMatchObject({ code });
  });

  it('leaves handler.js alone when it is told to', async () => {
    const path = join(fixtures.root, 'handler_garbage/1/model.onnx');
    const inspected = await inspectModel({ model: 'm', version: '1', path }, { handlers: false });
    expect(inspected.hasHandler).toBe(false);
  });

  it('says so when there is no such file, and when the code beside it ends the worker', async () => {
    await using scratch = await Scratch.create();
    const path = join(scratch.path, 'model.onnx');
    await expect(inspectModel({ model: 'm', version: '1', path })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `there is no model.onnx at ${path}`,
    });
    await cp(join(fixtures.root, 'identity_fp32/1/model.onnx'), path);
    await writeFile(join(scratch.path, 'handler.js'), 'process.exit(3);');
    await expect(inspectModel({ model: 'm', version: '1', path })).rejects.toMatchObject({
      code: 'CRASHED_WHILE_LOADING',
      message: 'the worker that loads the model ended with 3 and said nothing',
    });
    await writeFile(
      join(scratch.path, 'handler.js'),
      "setImmediate(() => { throw new Error('from a timer'); }); await new Promise(() => {}); export default {};",
    );
    await expect(inspectModel({ model: 'm', version: '1', path })).rejects.toMatchObject({
      code: 'CRASHED_WHILE_LOADING',
      message: 'the worker that loads the model ended: from a timer',
    });
  });
});
