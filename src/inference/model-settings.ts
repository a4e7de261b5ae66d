import { ModelError, errorMessage } from '../errors';
import { DataFault, describe, isRecord } from './codec/data-fault';
import { parseLossless } from './codec/json-text';
import { readShape, tensorFromJson } from './codec/json-tensor';
import type { Tensor } from './codec/tensor';
import { DATATYPES, isDatatype } from './datatype';
import schema from './model-settings.schema.json';

/** A request to the model alone, without handler.js, with its known answer. */
export interface Probe {
  readonly inputs: ReadonlyMap<string, Tensor>;
  readonly outputs: ReadonlyMap<string, Tensor>;
  /** Allowed for a floating-point value: absolute up to a magnitude of 1, relative beyond. */
  readonly tolerance: number;
}

/** What `model.json` says. The JSON Schema beside this file is its public definition. */
export interface ModelSettings {
  /** Undefined when there are none. */
  readonly labels: readonly string[] | undefined;
  readonly probes: readonly Probe[];
}

export const NO_SETTINGS: ModelSettings = { labels: undefined, probes: [] };

export { schema as modelSettingsSchema };

const DEFAULT_TOLERANCE = schema.$defs.probe.properties.tolerance.default;

/**
 * The settings in the bytes of a `model.json`. @throws ModelError BAD_MODEL with the JSON path of the first thing
 * that is wrong.
 *
 * Read by hand and not through the schema: a schema compiler takes longer to load than a small model, in every
 * worker. The unit test holds the two against each other.
 */
export function parseModelSettings(data: Uint8Array): ModelSettings {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(data);
    value = JSON.parse(text);
  } catch (cause) {
    throw new ModelError('BAD_MODEL', `model.json is not JSON: ${errorMessage(cause)}`, false, { cause });
  }
  try {
    return readSettings(value, data.byteLength);
  } catch (error) {
    if (!(error instanceof ModelError && error.cause instanceof DataFault && error.cause.lossy)) throw error;
  }
  return readSettings(parseLossless(text), data.byteLength);
}

function readSettings(value: unknown, limit: number): ModelSettings {
  const settings = requireObject('$', value, ['labels', 'probes']);
  const labels = settings['labels'];
  const probes = settings['probes'];
  return {
    labels: labels === undefined ? undefined : readLabels(labels),
    probes:
      probes === undefined
        ? []
        : requireArray('$.probes', probes).map((probe, i) => readProbe(`$.probes[${i}]`, probe, limit)),
  };
}

function readLabels(value: unknown): readonly string[] {
  const labels = requireArray('$.labels', value).map((label, i) => {
    if (typeof label === 'string') return label;
    throw bad(`$.labels[${i}]`, label, 'text');
  });
  return Object.freeze(labels);
}

function readProbe(path: string, value: unknown, limit: number): Probe {
  const probe = requireObject(path, value, ['inputs', 'outputs', 'tolerance']);
  const tolerance = probe['tolerance'] ?? DEFAULT_TOLERANCE;
  if (typeof tolerance !== 'number' || !(tolerance >= 0)) {
    throw bad(`${path}.tolerance`, tolerance, 'a number of 0 or more');
  }
  return {
    inputs: readTensors(`${path}.inputs`, probe['inputs'], limit),
    outputs: readTensors(`${path}.outputs`, probe['outputs'], limit),
    tolerance,
  };
}

function readTensors(path: string, value: unknown, limit: number): ReadonlyMap<string, Tensor> {
  if (!isRecord(value)) throw bad(path, value, 'an object of tensors by name');
  const tensors = new Map<string, Tensor>();
  for (const [name, tensor] of Object.entries(value)) {
    tensors.set(name, readTensor(`${path}.${name}`, tensor, limit));
  }
  return tensors;
}

function readTensor(path: string, value: unknown, limit: number): Tensor {
  const tensor = requireObject(path, value, ['shape', 'datatype', 'data']);
  const datatype = tensor['datatype'];
  if (typeof datatype !== 'string' || !isDatatype(datatype)) {
    throw bad(`${path}.datatype`, datatype, `one of ${DATATYPES.join(', ')}`);
  }
  const data = requireArray(`${path}.data`, tensor['data']);
  try {
    return tensorFromJson(datatype, readShape(tensor['shape']), data, { limit });
  } catch (cause) {
    if (!(cause instanceof DataFault)) throw cause;
    throw new ModelError('BAD_MODEL', `model.json: ${path}.${cause.path}: ${cause.problem}`, false, {
      cause,
    });
  }
}

function requireObject(
  path: string,
  value: unknown,
  known: readonly string[],
): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw bad(path, value, 'an object');
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      throw new ModelError(
        'BAD_MODEL',
        `model.json: ${path}.${key} is unknown; known here: ${known.join(', ')}`,
      );
    }
  }
  return value;
}

function requireArray(path: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw bad(path, value, 'an array');
}

function bad(path: string, value: unknown, expected: string): ModelError {
  return new ModelError('BAD_MODEL', `model.json: ${path}: got ${describe(value)}, expected ${expected}`);
}
