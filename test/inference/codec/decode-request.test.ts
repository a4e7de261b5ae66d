import { RequestDecoder } from '../../../src/inference/codec/decode-request';
import { input, X, Y, bodyOf, decode, refusal, x, data } from './decode-scene';

describe('a request', () => {
  it('has its tensors in the order of the model, whatever order they came in', () => {
    const request = {
      inputs: [
        { name: 'y', shape: [1], datatype: 'INT64', data: [7] },
        { name: 'x', shape: [1, 2], datatype: 'FP32', data: [1, 2], parameters: { note: 'ignored' } },
      ],
      later: 'members of the protocol that are not known are ignored',
    };
    const { inputs, plan } = decode(request, { inputs: [X, Y] });
    const { id, outputs, binaryOutputs } = plan;
    expect([...inputs.keys()]).toEqual(['x', 'y']);
    expect({ id, outputs, binaryOutputs }).toEqual({
      id: undefined,
      outputs: undefined,
      binaryOutputs: false,
    });
  });

  it('takes data nested as the shape is, or flat', () => {
    expect(data(x([1, 2, 3, 4], [2, 2]), [X])).toEqual([1, 2, 3, 4]);
    expect(
      data(
        x(
          [
            [1, 2],
            [3, 4],
          ],
          [2, 2],
        ),
        [X],
      ),
    ).toEqual([1, 2, 3, 4]);
    const deep = input('x', 'FP32', [-1, -1, -1]);
    expect(
      data(
        x(
          [
            [[1], [2]],
            [[3], [4]],
          ],
          [2, 2, 1],
        ),
        [deep],
      ),
    ).toEqual([1, 2, 3, 4]);
    expect(data(x([[[], []]], [1, 2, 0]), [deep])).toEqual([]);
    expect(data(x([], [0, 2, 3]), [deep])).toEqual([]);
  });

  it('may ask for outputs, binary or not', () => {
    expect(decode({ ...x([1, 2]), id: 'i', outputs: [{ name: 'q' }] }).plan).toMatchObject({
      id: 'i',
      outputs: [{ name: 'q', binary: false }],
    });
    const parameters = { binary_data_output: true };
    expect(
      decode({
        ...x([1, 2]),
        parameters,
        outputs: [{ name: 'q' }, { name: 'p', parameters: { binary_data: false } }],
      }).plan,
    ).toMatchObject({
      binaryOutputs: true,
      outputs: [
        { name: 'q', binary: true },
        { name: 'p', binary: false },
      ],
    });
    expect(decode({ ...x([1, 2]), outputs: [] }).plan.outputs).toBeUndefined();
  });

  it('of a model with code of its own before it may have any tensors', () => {
    const decoder = new RequestDecoder(undefined, undefined);
    const { body } = bodyOf({
      inputs: [{ name: '__proto__', shape: [2], datatype: 'BYTES', data: ['a', 'b'] }],
      outputs: [{ name: 'anything' }],
    });
    const { inputs, plan } = decoder.decode(body, -1);
    expect([...inputs]).toEqual([['__proto__', { datatype: 'BYTES', shape: [2], data: ['a', 'b'] }]]);
    expect(plan.outputs).toEqual([{ name: 'anything', binary: false }]);
  });

  it('counts the last of keys that come twice, and __proto__ as a key like any other', () => {
    const twice = '{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[0],"data":[1,2]}]}';
    expect(data(twice, [X])).toEqual([1, 2]);
    const proto = '{"__proto__":{"inputs":[]}}';
    expect(refusal(proto)).toBe('inputs: got nothing, expected an array of tensors');
    expect(Object.hasOwn(Object.prototype, 'inputs')).toBe(false);
  });
});
