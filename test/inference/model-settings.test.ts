import { Ajv2020 } from 'ajv/dist/2020';
import { ModelError } from '../../src/errors';
import { modelSettingsSchema, parseModelSettings } from '../../src/inference/model-settings';

const validate = new Ajv2020({ strict: true }).compile(modelSettingsSchema);

const parse = (value: unknown): ReturnType<typeof parseModelSettings> =>
  parseModelSettings(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));

function refusal(value: unknown): string {
  try {
    parse(value);
  } catch (error) {
    if (error instanceof ModelError && error.code === 'BAD_MODEL') return error.message;
    throw error;
  }
  throw new Error('it was taken');
}

const tensor = { shape: [2], datatype: 'FP32', data: [1, 2] };
const probe = { inputs: { x: tensor }, outputs: { y: tensor } };

describe('model.json', () => {
  it('says labels and probes', () => {
    expect(parse({})).toEqual({ labels: undefined, probes: [] });
    const { labels, probes } = parse({ labels: ['a', 'b'], probes: [probe, { ...probe, tolerance: 0.5 }] });
    expect(labels).toEqual(['a', 'b']);
    expect(probes.map(({ tolerance }) => tolerance)).toEqual([1e-5, 0.5]);
    expect(probes[0]?.inputs.get('x')).toMatchObject({ datatype: 'FP32', shape: [2] });
  });

  it('keeps integers of 64 bits', () => {
    const text = JSON.stringify({
      probes: [{ inputs: {}, outputs: { y: { shape: [1], datatype: 'INT64', data: ['#'] } } }],
    }).replace('"#"', '9007199254740993');
    expect(Array.from(parse(text).probes[0]!.outputs.get('y')!.data as BigInt64Array)).toEqual([
      9007199254740993n,
    ]);
  });

  // The reader and the published schema hold each other to account.
  it.each<[unknown, string]>([
    [[], 'model.json: $: got an array, expected an object'],
    [{ label: [] }, 'model.json: $.label is unknown; known here: labels, probes'],
    [{ labels: 'a' }, 'model.json: $.labels: got "a", expected an array'],
    [{ labels: ['a', 1] }, 'model.json: $.labels[1]: got 1, expected text'],
    [{ probes: {} }, 'model.json: $.probes: got an object, expected an array'],
    [{ probes: [1] }, 'model.json: $.probes[0]: got 1, expected an object'],
    [
      { probes: [{ ...probe, output: {} }] },
      'model.json: $.probes[0].output is unknown; known here: inputs, outputs, tolerance',
    ],
    [
      { probes: [probe, { inputs: {} }] },
      'model.json: $.probes[1].outputs: got nothing, expected an object of tensors by name',
    ],
    [
      { probes: [{ outputs: {} }] },
      'model.json: $.probes[0].inputs: got nothing, expected an object of tensors by name',
    ],
    [
      { probes: [{ ...probe, tolerance: -1 }] },
      'model.json: $.probes[0].tolerance: got -1, expected a number of 0 or more',
    ],
    [
      { probes: [{ ...probe, tolerance: '1' }] },
      'model.json: $.probes[0].tolerance: got "1", expected a number of 0 or more',
    ],
    [
      { probes: [{ ...probe, inputs: { x: 1 } }] },
      'model.json: $.probes[0].inputs.x: got 1, expected an object',
    ],
    [
      { probes: [{ ...probe, inputs: { x: { ...tensor, name: 'x' } } }] },
      'model.json: $.probes[0].inputs.x.name is unknown; known here: shape, datatype, data',
    ],
    [
      { probes: [{ ...probe, inputs: { x: { ...tensor, datatype: 'FP8' } } }] },
      'model.json: $.probes[0].inputs.x.datatype: got "FP8", expected one of BOOL',
    ],
    [
      { probes: [{ ...probe, inputs: { x: { ...tensor, shape: 2 } } }] },
      'model.json: $.probes[0].inputs.x.shape: got 2, expected an array',
    ],
    [
      { probes: [{ ...probe, inputs: { x: { ...tensor, shape: [-1] } } }] },
      'model.json: $.probes[0].inputs.x.shape[0]: got -1, expected an integer',
    ],
    [
      { probes: [{ ...probe, inputs: { x: { ...tensor, data: 1 } } }] },
      'model.json: $.probes[0].inputs.x.data: got 1, expected an array',
    ],
    [
      { probes: [{ ...probe, inputs: { x: { ...tensor, data: [1, null] } } }] },
      'model.json: $.probes[0].inputs.x.data[1]: got null, expected a number',
    ],
  ])('%j is refused, and by the schema too', (settings, message) => {
    expect(refusal(settings)).toContain(message);
    expect(validate(settings)).toBe(false);
  });

  it.each<[unknown]>([
    [{}],
    [{ labels: [] }],
    [{ labels: ['a'], probes: [] }],
    [{ probes: [probe] }],
    [{ probes: [{ inputs: {}, outputs: {}, tolerance: 0 }] }],
    [{ probes: [{ ...probe, inputs: { x: { shape: [1, 2], datatype: 'FP64', data: [['NaN', 1]] } } }] }],
    [{ probes: [{ ...probe, inputs: { x: { shape: [], datatype: 'BOOL', data: [true] } } }] }],
  ])('%j is taken, and by the schema too', (settings) => {
    expect(() => parse(settings)).not.toThrow();
    expect(validate(settings)).toBe(true);
  });

  // What a schema cannot say.
  it('is refused when the data does not fill the shape or the text is no JSON', () => {
    expect(refusal({ probes: [{ ...probe, inputs: { x: { ...tensor, data: [1] } } }] })).toBe(
      'model.json: $.probes[0].inputs.x.data: got 1 elements, expected 2, as shape [2] says',
    );
    expect(refusal('{')).toMatch(/^model\.json is not JSON: /);
    expect(() => parseModelSettings(Buffer.from([0x22, 0xff, 0x22]))).toThrow('model.json is not JSON: ');
  });
});
