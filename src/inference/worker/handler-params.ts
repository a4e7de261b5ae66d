import type { Ajv2020 as Ajv, ErrorObject } from 'ajv/dist/2020';
import { errorMessage, ModelError } from '../../errors';
import { describe, isRecord } from '../codec/data-fault';
import type { ParamsEpoch, ParamsRefusal } from './protocol';

type Params = Readonly<Record<string, unknown>>;

/** Params as `handler.js` gets them, or why its schema refuses them. */
export type CheckedParams =
  { readonly ok: true; readonly params: Params } | { readonly ok: false; readonly refusal: ParamsRefusal };

export type ParamsCheck = (params: Params) => CheckedParams;

/** For a model without a schema: any params will do. */
export const anyParams: ParamsCheck = (params) => ({ ok: true, params: deepFreeze(structuredClone(params)) });

/**
 * A check against the JSON Schema (2020-12) that `handler.js` exports as `params`; it fills in the schema's
 * defaults. @throws ModelError BAD_MODEL for what is no schema.
 */
export async function compileParams(schema: unknown): Promise<ParamsCheck> {
  if (schema === undefined) return anyParams;
  if (!isRecord(schema)) {
    throw new ModelError('BAD_MODEL', `handler.js: params is ${describe(schema)}, expected a JSON Schema`);
  }
  // Loaded by the few models that need it: it takes longer than a small model does. The same goes for the
  // check of the schema against the schema of schemas, which strict mode makes up for.
  const { Ajv2020 } = await import('ajv/dist/2020.js');
  const ajv: Ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    useDefaults: true,
    meta: false,
    validateSchema: false,
    logger: false,
  });
  let validate;
  try {
    validate = ajv.compile(schema);
  } catch (cause) {
    throw new ModelError('BAD_MODEL', `handler.js: params is no JSON Schema: ${errorMessage(cause)}`, false, {
      cause,
    });
  }
  return (params) => {
    const filled = structuredClone(params);
    if (validate(filled)) return { ok: true, params: deepFreeze(filled) };
    return { ok: false, refusal: refusalOf(validate.errors?.[0]) };
  };
}

const KEPT = 8;

/** Params checked once for each config that is in use; those not asked for lately are forgotten. */
export class PreparedParams {
  readonly #check: ParamsCheck;
  readonly #byEpoch = new Map<number, CheckedParams>();

  constructor(check: ParamsCheck) {
    this.#check = check;
  }

  /** The params of `epoch`, which are looked up in `given` the first time. */
  of(epoch: number, given: readonly ParamsEpoch[]): CheckedParams {
    let checked = this.#byEpoch.get(epoch);
    if (checked === undefined) {
      const params = given.find((one) => one.epoch === epoch)?.params;
      if (params === undefined) throw new RangeError(`params of epoch ${epoch} did not come with the batch`);
      checked = this.#check(params);
    } else {
      this.#byEpoch.delete(epoch);
    }
    this.#byEpoch.set(epoch, checked);
    if (this.#byEpoch.size > KEPT) {
      for (const oldest of this.#byEpoch.keys()) {
        this.#byEpoch.delete(oldest);
        break;
      }
    }
    return checked;
  }
}

function refusalOf(error: ErrorObject | undefined): ParamsRefusal {
  const path = `$${(error?.instancePath ?? '')
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))
    .join('')}`;
  const details: unknown = error?.params;
  if (error?.keyword === 'additionalProperties' && isRecord(details)) {
    return { path: `${path}.${String(details['additionalProperty'])}`, message: 'is not one of the params' };
  }
  if (error?.keyword === 'enum' && isRecord(details)) {
    return { path, message: `must be one of ${JSON.stringify(details['allowedValues'])}` };
  }
  return { path, message: error?.message ?? 'does not fit the schema' };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
