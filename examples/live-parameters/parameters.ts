/** What the task is run with: the JSON of the znode. */
export interface Parameters {
  /** Above 0, up to 1. */
  readonly learning_rate: number;
  /** Rows a step: 1 to 1024. */
  readonly batch_size: number;
}

export const DEFAULTS: Parameters = { learning_rate: 0.01, batch_size: 32 };

/** Reads a whole set of parameters; throws an Error that says what is wrong and what would be right. */
export function parseParameters(data: Uint8Array): Parameters {
  const value: unknown = JSON.parse(Buffer.from(data).toString());
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`an object such as ${JSON.stringify(DEFAULTS)} is wanted`);
  const given = value as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).find((key) => !Object.hasOwn(DEFAULTS, key));
  if (unknown !== undefined) throw new Error(`there is no parameter ${JSON.stringify(unknown)}`);
  const { learning_rate, batch_size } = { ...DEFAULTS, ...given };
  if (typeof learning_rate !== 'number' || !(learning_rate > 0 && learning_rate <= 1))
    throw new Error(`learning_rate is ${JSON.stringify(learning_rate)}; above 0 and up to 1 is wanted`);
  if (!Number.isSafeInteger(batch_size) || batch_size < 1 || batch_size > 1024)
    throw new Error(`batch_size is ${JSON.stringify(batch_size)}; a whole number from 1 to 1024 is wanted`);
  return { learning_rate, batch_size };
}
