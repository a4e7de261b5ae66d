import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkerData } from '../../../src/inference/worker/protocol';
import { ModelWorker } from '../../support/model-worker';
import { fixtures, samples } from '../../support/repositories';

const digestOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

async function refusal(
  model: string,
  version = '1',
  options: Partial<WorkerData> = {},
): Promise<{ code: string; message: string; retryable: boolean }> {
  await using worker = new ModelWorker(await fixtures.locate(model, version), options);
  const { code, message, retryable } = await worker.failed();
  expect(await worker.exited).toBe(0);
  return { code, message, retryable };
}

describe('loading a version in its worker', () => {
  it('tells its phases, then its signature, digest, size and times', async () => {
    const files = await samples.locate('iris', '1');
    const bytes = await readFile(files.modelPath);
    const settings = await readFile(files.settingsPath ?? '');
    await using worker = new ModelWorker(files);
    const { ms, ...ready } = await worker.ready();
    expect(worker.messages.map((m) => (m.type === 'phase' ? m.phase : m.type))).toEqual([
      'VERIFYING',
      'LOADING',
      'WARMING',
      'ready',
    ]);
    expect(ready).toEqual({
      type: 'ready',
      signature: {
        inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 4] }],
        outputs: [
          { name: 'label', datatype: 'INT64', shape: [-1] },
          { name: 'probabilities', datatype: 'FP32', shape: [-1, 3] },
        ],
        batchable: true,
      },
      sha256: digestOf(bytes),
      beside: { 'model.json': digestOf(settings), 'handler.js': null },
      bytes: bytes.length,
      hasHandler: false,
      paramsRefused: undefined,
    });
    expect(Object.keys(ms)).toEqual(['fetch', 'load', 'warm']);
    for (const time of Object.values(ms)) expect(time).toBeGreaterThan(0);
  });

  it('takes bytes of the expected digest and refuses all others, naming both', async () => {
    const files = await fixtures.locate('identity_fp32', '1');
    const sha256 = digestOf(await readFile(files.modelPath));
    await using worker = new ModelWorker(files, { expectedSha256: sha256 });
    await worker.ready();
    const expected = 'ab'.repeat(32);
    expect(await refusal('identity_fp32', '1', { expectedSha256: expected })).toEqual({
      code: 'DIGEST_MISMATCH',
      message: `model.onnx of identity_fp32 1 has sha256 ${sha256}, the catalog says ${expected}`,
      retryable: false,
    });
  });

  it('takes the expected files beside the model, and refuses others, more and fewer', async () => {
    const files = await samples.locate('iris', '2');
    const handler = digestOf(await readFile(files.handlerPath ?? ''));
    await using worker = new ModelWorker(files, { expectedBeside: { 'handler.js': handler, other: 'x' } });
    await worker.ready();
    const expected = 'ab'.repeat(32);
    for (const [expectedBeside, there, says] of [
      [{ 'handler.js': expected }, `sha256 ${handler}`, `sha256 ${expected}`],
      [{ 'handler.js': null }, `sha256 ${handler}`, 'no such file'],
    ] as const) {
      await using refused = new ModelWorker(files, { expectedBeside });
      expect(await refused.failed()).toMatchObject({
        code: 'DIGEST_MISMATCH',
        message: `handler.js of iris 2: there is ${there}, the catalog says ${says}`,
        retryable: false,
      });
    }
    expect(await refusal('identity_fp32', '1', { expectedBeside: { 'model.json': expected } })).toMatchObject(
      {
        code: 'DIGEST_MISMATCH',
        message: `model.json of identity_fp32 1: there is no such file, the catalog says sha256 ${expected}`,
      },
    );
    // It is not run, and not looked at.
    await using bare = new ModelWorker(files, {
      handlers: false,
      expectedBeside: { 'handler.js': expected },
    });
    expect((await bare.ready()).beside).toEqual({ 'model.json': expect.any(String) as string });
  });

  it.each([
    [
      'truncated',
      'ONNX Runtime cannot load model.onnx: Failed to load model because protobuf parsing failed.',
    ],
    [
      'not_onnx',
      'ONNX Runtime cannot load model.onnx: Failed to load model because protobuf parsing failed.',
    ],
    ['empty', 'ONNX Runtime cannot load model.onnx: the file is empty'],
    [
      'future_ir',
      'ONNX Runtime cannot load model.onnx: Unsupported model IR version: 99, max supported IR version: 13',
    ],
  ])('refuses %s with what ONNX Runtime says, without paths of its build', async (model, message) => {
    expect(await refusal(model)).toEqual({ code: 'BAD_MODEL', message, retryable: false });
  });

  it('refuses an operator that ONNX Runtime has not, naming it', async () => {
    const { code, message } = await refusal('unknown_operator');
    expect(code).toBe('BAD_MODEL');
    expect(message).toContain('Enchant');
    expect(message).not.toContain('onnxruntime_src');
  });

  it('refuses an output that is no tensor, naming it', async () => {
    const { code, message } = await refusal('sequence_output');
    expect(code).toBe('BAD_MODEL');
    expect(message).toContain('output "output" is a sequence');
  });

  it('refuses an execution provider that the runtime has not, naming those it has', async () => {
    const session = { intraOpThreads: 1, executionProviders: ['abacus'], graphOptimization: 'all' } as const;
    const { code, message } = await refusal('identity_fp32', '1', { session });
    expect(code).toBe('BAD_MODEL');
    expect(message).toMatch(
      /^execution provider abacus is not in this build of ONNX Runtime; there are: .*cpu/,
    );
  });

  it('refuses a model that does not run when it is warmed up, and says what would help', async () => {
    const { code, message } = await refusal('fails_to_warm');
    expect(code).toBe('WARMUP_FAILED');
    expect(message).toContain('the model does not run on zeros');
    expect(message).toContain('out of data bounds');
    expect(message).toContain('a probe in model.json');
  });

  it('refuses a version that does not reproduce its probe, naming output, index, got and expected', async () => {
    const { code, message } = await refusal('bad_probe', '1');
    expect(code).toBe('PROBE_MISMATCH');
    expect(message).toMatch(
      /^probe 0, output "output" at \d+: got \S+, expected \S+ with a tolerance of \S+$/,
    );
  });

  it('refuses a probe of an output that the model has not', async () => {
    const { code, message } = await refusal('bad_probe', '2');
    expect(code).toBe('BAD_MODEL');
    expect(message).toMatch(
      /^model\.json: \$\.probes\[0\]\.outputs: the model has no ".*"; it has "output"$/,
    );
  });

  it('refuses a model.json that is not JSON, and one with an unknown key', async () => {
    expect((await refusal('bad_settings', '1')).message).toMatch(/^model\.json is not JSON: /);
    expect(await refusal('bad_settings', '2')).toEqual({
      code: 'BAD_MODEL',
      message: 'model.json: $.label is unknown; known here: labels, probes',
      retryable: false,
    });
  });

  it('says NOT_FOUND for a file that is gone and FETCH_FAILED for one that cannot be read', async () => {
    const files = await fixtures.locate('identity_fp32', '1');
    const directory = await mkdtemp(join(tmpdir(), 'zooserve-'));
    try {
      await using gone = new ModelWorker({ ...files, modelPath: join(directory, 'model.onnx') });
      expect(await gone.failed()).toMatchObject({ code: 'NOT_FOUND', retryable: false });
      await using unreadable = new ModelWorker({ ...files, modelPath: directory });
      expect(await unreadable.failed()).toMatchObject({ code: 'FETCH_FAILED', retryable: true });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it.each([
    ['identity_fp32', true],
    ['two_in_two_out', true],
    ['lookup', true],
    ['fixed_batch', false],
    ['scalar', false],
    ['column_sums', false],
    ['non_zero', false],
  ])('finds out whether requests to %s can be run together: %s', async (model, batchable) => {
    await using worker = new ModelWorker(await fixtures.locate(model, '1'));
    expect((await worker.ready()).signature.batchable).toBe(batchable);
  });
});
