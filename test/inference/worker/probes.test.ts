import { modelWith } from '../../support/handler-model';
import { ModelWorker } from '../../support/model-worker';
import { Scratch } from '../../support/scratch';

interface TensorJson {
  readonly shape: readonly number[];
  readonly datatype: string;
  readonly data: readonly unknown[];
}

const row = (datatype: string, ...data: unknown[]): TensorJson => ({
  shape: [1, data.length],
  datatype,
  data,
});

/** What becomes of an identity model with one probe: `ready`, or why not. */
async function outcome(
  fixture: string,
  inputs: object,
  outputs: object,
  tolerance?: number,
): Promise<string> {
  await using scratch = await Scratch.create();
  const settings = { probes: [{ inputs, outputs, ...(tolerance !== undefined && { tolerance }) }] };
  await using worker = new ModelWorker(await modelWith(scratch.path, fixture, { settings }));
  return await worker.ready().then(
    () => 'ready',
    async () => {
      const { code, message } = await worker.failed();
      return `${code}: ${message}`;
    },
  );
}

const identity = (sent: TensorJson, expected: TensorJson, tolerance?: number): Promise<string> =>
  outcome(`identity_${sent.datatype.toLowerCase()}`, { input: sent }, { output: expected }, tolerance);

describe('a probe', () => {
  it('is met within its tolerance: absolute up to 1, relative beyond', async () => {
    expect(await identity(row('FP32', 0.5, 1e6), row('FP32', 0.500009, 1e6 + 9))).toBe('ready');
    expect(await identity(row('FP32', 0.5), row('FP32', 0.50002))).toBe(
      'PROBE_MISMATCH: probe 0, output "output" at 0: got 0.5, expected 0.5000200271606445 with a tolerance of 0.00001',
    );
    expect(await identity(row('FP64', 1, 1e6), row('FP64', 1, 1e6 + 11))).toMatch(/ at 1: got 1000000, /);
    expect(await identity(row('FP64', 1), row('FP64', 1.5), 0.5)).toBe('ready');
    expect(await identity(row('FP16', 1), row('FP16', 1.001), 0.01)).toBe('ready');
    expect(await identity(row('FP16', 1), row('FP16', 2), 0.01)).toMatch(/ at 0: got 1, expected 2 /);
  });

  it('is met by NaN and infinities only where they are expected', async () => {
    const special = row('FP32', 'NaN', 'Infinity', '-Infinity');
    expect(await identity(special, special)).toBe('ready');
    expect(await identity(row('FP32', 'NaN'), row('FP32', 1))).toMatch(/at 0: got NaN, expected 1 /);
    expect(await identity(row('FP32', 1), row('FP32', 'Infinity'))).toMatch(/got 1, expected Infinity /);
  });

  it('of other datatypes must be met exactly', async () => {
    expect(await identity(row('INT32', 1_000_000), row('INT32', 1_000_001), 1)).toBe(
      'PROBE_MISMATCH: probe 0, output "output" at 0: got 1000000, expected 1000001',
    );
    expect(await identity(row('INT64', 5), row('INT64', 6))).toMatch(/at 0: got 5, expected 6$/);
    expect(await identity(row('BYTES', 'a', 'b'), row('BYTES', 'a', 'c'))).toMatch(
      /at 1: got "b", expected "c"$/,
    );
    expect(await identity(row('BOOL', true), row('BOOL', true))).toBe('ready');
  });

  it('says when the shape or the datatype of the answer is another', async () => {
    expect(await identity(row('FP32', 1, 2), { shape: [2, 1], datatype: 'FP32', data: [1, 2] })).toBe(
      'PROBE_MISMATCH: probe 0, output "output": got shape [1,2], expected [2,1]',
    );
    expect(await identity(row('FP32', 1), row('FP64', 1))).toBe(
      'PROBE_MISMATCH: probe 0, output "output": got FP32, expected FP64',
    );
  });

  it('that does not fit the model is a fault of model.json', async () => {
    expect(await outcome('identity_fp32', {}, {})).toBe(
      'BAD_MODEL: model.json: $.probes[0].inputs: no tensor for the model\'s input "input"',
    );
    expect(await outcome('identity_fp32', { input: row('FP64', 1) }, {})).toBe(
      'BAD_MODEL: model.json: $.probes[0].inputs.input.datatype: got FP64, expected FP32',
    );
    expect(await outcome('identity_fp32', { input: row('FP32', 1), more: row('FP32', 1) }, {})).toBe(
      'BAD_MODEL: model.json: $.probes[0].inputs: the model has no "more"; it has "input"',
    );
  });

  it('that does not run fails the warm-up', async () => {
    const index = { shape: [1], datatype: 'INT64', data: [99] };
    expect(await outcome('lookup', { index }, {})).toMatch(
      /^WARMUP_FAILED: the model does not run on probe 0: .*idx=99/,
    );
  });

  it('warms up a model that does not run on zeros, with no outputs to compare', async () => {
    const index = { shape: [1], datatype: 'INT64', data: [1] };
    expect(await outcome('fails_to_warm', { index }, {})).toBe('ready');
  });
});
