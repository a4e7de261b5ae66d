import { errorMessage, ModelError } from '../../errors';
import { describe, isRecord } from '../codec/data-fault';
import type { NamedTensors } from './named-tensors';
import type { ModelLog } from './model-log';
import { compileParams, type ParamsCheck } from './handler-params';

/** What `handler.js` is given beside the tensors; all of it frozen. */
export interface HandlerContext {
  /** `params` of the config that the request began with, defaults of the schema filled in. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Of `model.json`. */
  readonly labels: readonly string[] | undefined;
  readonly model: string;
  readonly version: string;
  readonly log: ModelLog;
}

/** A model's own code. Its functions may return promises. */
export interface ModelHandler {
  readonly checkParams: ParamsCheck;
  /** Named tensors of the request to those of the model. */
  readonly preprocess: ((inputs: NamedTensors, context: HandlerContext) => unknown) | undefined;
  /** Named tensors of the model, and those of the request, to those of the answer. */
  readonly postprocess:
    ((outputs: NamedTensors, inputs: NamedTensors, context: HandlerContext) => unknown) | undefined;
}

const KEYS = ['params', 'preprocess', 'postprocess'];

/**
 * Loads `handler.js`: an ES module in one file, which may import what Node.js itself has and nothing else.
 *
 * It is imported as a `data:` URL of the bytes that were read. A file of that name would be CommonJS or a module
 * as the nearest `package.json` says (none: CommonJS on Node.js 20), a copy named `.mjs` needs a place to be
 * written to, and only bytes in hand are certain to be those that were looked at.
 *
 * @throws ModelError BAD_MODEL for code that does not load or that exports something else.
 */
export async function loadHandler(source: Buffer): Promise<ModelHandler> {
  let module: unknown;
  try {
    const named = Buffer.concat([source, Buffer.from('\n//# sourceURL=handler.js\n')]);
    module = await import(`data:text/javascript;base64,${named.toString('base64')}`);
  } catch (cause) {
    throw new ModelError('BAD_MODEL', `handler.js does not load: ${importProblem(cause)}`, false, { cause });
  }
  const exported = isRecord(module) ? module['default'] : undefined;
  if (!isRecord(exported)) {
    throw refused(`exports ${describe(exported)} as default`, `an object with any of ${KEYS.join(', ')}`);
  }
  for (const key of Object.keys(exported)) {
    if (!KEYS.includes(key)) throw refused(`exports default.${key}`, `none but ${KEYS.join(', ')}`);
  }
  return {
    checkParams: await compileParams(exported['params']),
    preprocess: readFunction(exported, 'preprocess'),
    postprocess: readFunction(exported, 'postprocess'),
  };
}

function readFunction(
  exported: Readonly<Record<string, unknown>>,
  key: string,
): ((...args: readonly unknown[]) => unknown) | undefined {
  const value = exported[key];
  if (value === undefined) return undefined;
  if (typeof value !== 'function')
    throw refused(`exports ${describe(value)} as default.${key}`, 'a function');
  return (...args) => Reflect.apply(value, exported, args) as unknown;
}

function refused(what: string, expected: string): ModelError {
  return new ModelError('BAD_MODEL', `handler.js ${what}, expected ${expected}`);
}

function importProblem(thrown: unknown): string {
  const message = errorMessage(thrown);
  const code: unknown = isRecord(thrown) ? thrown['code'] : undefined;
  if (code === 'ERR_UNSUPPORTED_RESOLVE_REQUEST' || code === 'ERR_MODULE_NOT_FOUND') {
    const specifier = /["']([^"']*)["']/.exec(message)?.[1] ?? 'another file';
    return `it imports ${specifier}; it must be one file that imports modules of Node.js alone (bundle the rest into it)`;
  }
  return message;
}
