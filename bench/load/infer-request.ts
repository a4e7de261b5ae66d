/** An FP32 tensor: the only input of the models that are measured. */
export interface Rows {
  /** The input's name. */
  readonly name: string;
  readonly shape: readonly [rows: number, width: number];
  readonly data: Float32Array;
}

/** A request to infer, all of its bytes, with the tensor as JSON. */
export function jsonRequest(model: string, { name, shape, data }: Rows): Buffer {
  // As many digits as a float needs, not as many as a double does.
  const numbers = Array.from(data, (value) => Number(value.toPrecision(7)));
  const json = JSON.stringify({ inputs: [{ name, datatype: 'FP32', shape, data: numbers }] });
  return request(model, { 'content-type': 'application/json' }, [Buffer.from(json)]);
}

/** The same with the tensor, and that of the answer, as binary. */
export function binaryRequest(model: string, { name, shape, data }: Rows): Buffer {
  const tensor = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const parameters = { binary_data_size: tensor.byteLength };
  const json = Buffer.from(
    JSON.stringify({
      inputs: [{ name, datatype: 'FP32', shape, parameters }],
      parameters: { binary_data_output: true },
    }),
  );
  const headers = {
    'content-type': 'application/octet-stream',
    'inference-header-content-length': json.byteLength,
  };
  return request(model, headers, [json, tensor]);
}

export function getRequest(path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: bench\r\n\r\n`);
}

export function inferPath(model: string): string {
  return `/v2/models/${model}/infer`;
}

function request(
  model: string,
  headers: Readonly<Record<string, string | number>>,
  body: readonly Uint8Array[],
): Buffer {
  const length = body.reduce((sum, part) => sum + part.byteLength, 0);
  const lines = Object.entries({ ...headers, 'content-length': length }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const head = `POST ${inferPath(model)} HTTP/1.1\r\nhost: bench\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head), ...body]);
}
