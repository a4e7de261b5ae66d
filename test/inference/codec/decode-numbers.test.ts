import type { Datatype } from '../../../src/inference/datatype';
import { input, Y, decode, refusal, data } from './decode-scene';

describe('numbers', () => {
  const one = (datatype: Datatype, element: string): unknown[] =>
    data(`{"inputs":[{"name":"t","shape":[1],"datatype":"${datatype}","data":[${element}]}]}`, [
      input('t', datatype, [-1]),
    ]);
  const refused = (datatype: Datatype, element: string): string =>
    refusal(`{"inputs":[{"name":"t","shape":[1],"datatype":"${datatype}","data":[${element}]}]}`, [
      input('t', datatype, [-1]),
    ]);

  it.each<[Datatype, string, unknown]>([
    ['INT8', '-128', -128],
    ['UINT8', '255', 255],
    ['INT16', '-32768', -32768],
    ['UINT16', '65535', 65535],
    ['INT32', '2147483647', 2147483647],
    ['UINT32', '4294967295', 4294967295],
    ['INT32', '1e3', 1000],
    ['INT32', '-0', 0],
    ['INT64', '-1', -1n],
    ['INT64', '-4294967297', -4294967297n],
    ['INT64', '9007199254740991', 9007199254740991n],
    ['INT64', '9007199254740993', 9007199254740993n],
    ['INT64', '9223372036854775807', 9223372036854775807n],
    ['INT64', '-9223372036854775808', -9223372036854775808n],
    ['UINT64', '18446744073709551615', 18446744073709551615n],
    ['UINT64', '4294967296', 4294967296n],
    ['FP64', '1.7976931348623157e308', 1.7976931348623157e308],
    ['FP64', '0.1', 0.1],
    ['FP32', '0.1', 0.10000000149011612],
    ['FP32', '3.4028235677973362e38', 3.4028234663852886e38],
    ['FP32', '1e-50', 0],
    ['FP32', '"NaN"', NaN],
    ['FP64', '"Infinity"', Infinity],
    ['FP64', '"-Infinity"', -Infinity],
    ['FP16', '1', 0x3c00],
    ['FP16', '65504', 0x7bff],
    ['FP16', '65519.99', 0x7bff],
    ['FP16', '"-Infinity"', 0xfc00],
    ['FP16', '-0.0', 0x8000],
    ['BOOL', 'true', 1],
    ['BOOL', 'false', 0],
    ['BYTES', '"h\\u00e9llo \\ud83d\\ude00"', 'héllo 😀'],
    ['BYTES', '""', ''],
  ])('%s takes %s', (datatype, element, expected) => {
    expect(one(datatype, element)).toEqual([expected]);
  });

  it.each<[Datatype, string, string]>([
    ['UINT8', '300', 'got 300, expected an integer of 0 to 255'],
    ['UINT8', '-1', 'got -1, expected an integer of 0 to 255'],
    ['INT8', '128', 'got 128, expected an integer of -128 to 127'],
    ['INT16', '40000', 'got 40000, expected an integer of -32768 to 32767'],
    ['UINT16', '65536', 'got 65536, expected an integer of 0 to 65535'],
    ['INT32', '1.5', 'got 1.5, expected an integer of -2147483648 to 2147483647'],
    ['INT32', '1e300', 'got 1e+300, expected an integer'],
    ['INT32', 'null', 'got null, expected an integer'],
    ['INT32', '"1"', 'got "1", expected an integer'],
    ['INT32', '"NaN"', 'got "NaN", expected an integer'],
    ['INT32', 'true', 'got true, expected an integer'],
    ['INT32', '{}', 'got an object, expected an integer'],
    ['UINT32', '4294967296', 'got 4294967296, expected an integer of 0 to 4294967295'],
    ['INT64', '1.5', 'got 1.5, expected an integer of -9223372036854775808'],
    ['INT64', '"1"', 'got "1", expected an integer'],
    [
      'INT64',
      '9223372036854775808',
      'got 9223372036854775808, expected an integer of -9223372036854775808 to 9223372036854775807',
    ],
    [
      'INT64',
      '1e18',
      'got 1000000000000000000, expected an integer of -9223372036854775808 to 9223372036854775807, written in plain digits',
    ],
    ['INT64', `1${'0'.repeat(400)}`, 'got Infinity, expected an integer'],
    ['UINT64', '-1', 'got -1, expected an integer of 0 to 18446744073709551615'],
    ['UINT64', '-9007199254740993', 'got -9007199254740993, expected an integer of 0'],
    [
      'UINT64',
      '18446744073709551616',
      'got 18446744073709551616, expected an integer of 0 to 18446744073709551615',
    ],
    ['FP32', '1e300', 'got 1e+300, expected a number within the range of FP32'],
    ['FP32', '3.4028235677973366e38', 'expected a number within the range of FP32'],
    ['FP32', '-1e39', 'got -1e+39, expected a number within the range of FP32'],
    [
      'FP32',
      '"inf"',
      'got "inf", expected a number within the range of FP32, or "NaN", "Infinity" or "-Infinity"',
    ],
    ['FP32', 'true', 'got true, expected a number'],
    ['FP64', '1e999', 'got Infinity, expected a number within the range of FP64'],
    ['FP16', '65520', 'got 65520, expected a number within the range of FP16'],
    ['FP16', '"2"', 'got "2", expected a number within the range of FP16'],
    ['BOOL', '1', 'got 1, expected true or false'],
    ['BOOL', '"true"', 'got "true", expected true or false'],
    ['BYTES', '5', 'got 5, expected text'],
    ['BYTES', 'null', 'got null, expected text'],
    [
      'BYTES',
      '"\\ud800"',
      'which ONNX Runtime cannot hold, expected text, well-formed and without NUL characters',
    ],
    [
      'BYTES',
      '"a\\u0000b"',
      'which ONNX Runtime cannot hold, expected text, well-formed and without NUL characters',
    ],
  ])('%s refuses %s', (datatype, element, message) => {
    expect(refused(datatype, element)).toContain(`inputs[0].data[0]: `);
    expect(refused(datatype, element)).toContain(message);
  });

  it('of 64 bits keep them all, beside other tensors of the same request', () => {
    const signatures = [input('f', 'FP32', [-1]), input('d', 'FP64', [-1]), input('t', 'BYTES', [-1]), Y];
    const text = `{"id":"9007199254740993","inputs":[
      {"name":"f","shape":[2],"datatype":"FP32","data":[12345678901234567890,0.12345678901234567890]},
      {"name":"d","shape":[1],"datatype":"FP64","data":[12345678901234567]},
      {"name":"t","shape":[2],"datatype":"BYTES","data":["9007199254740993","\\"[9007199254740993]"]},
      {"name":"y","shape":[2],"datatype":"INT64","data":[9007199254740993, -5]}]}`;
    const { inputs, plan } = decode(text, { inputs: signatures });
    expect(plan.id).toBe('9007199254740993');
    expect(Array.from(inputs.get('f')!.data as Float32Array)).toEqual([
      Math.fround(12345678901234567890),
      Math.fround(0.1234567890123456789),
    ]);
    expect(Array.from(inputs.get('d')!.data as Float64Array)).toEqual([12345678901234568]);
    expect(inputs.get('t')!.data).toEqual(['9007199254740993', '"[9007199254740993]']);
    expect(Array.from(inputs.get('y')!.data as BigInt64Array)).toEqual([9007199254740993n, -5n]);
    const tooLarge = text.replace('12345678901234567890,', `1${'0'.repeat(39)},`);
    expect(refusal(tooLarge, signatures)).toContain('inputs[0].data[0]: got 1e+39, expected a number');
    const alsoText = text.replace('["9007199254740993"', '[9007199254740993');
    expect(refusal(alsoText, signatures)).toContain('inputs[2].data[0]: got 9007199254740992, expected text');
  });
});
