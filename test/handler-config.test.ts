import { Ajv2020 } from 'ajv/dist/2020';
import { ConfigError } from '../src/errors';
import { DEFAULT_CONFIG, handlerConfigSchema, parseHandlerConfig } from '../src/handler-config';

const validate = new Ajv2020({ strict: true }).compile(handlerConfigSchema);

const parse = (value: unknown) => parseHandlerConfig(Buffer.from(JSON.stringify(value)));

function refusal(value: unknown): ConfigError {
  try {
    parse(value);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error(`it was taken: ${JSON.stringify(value)}`);
}

describe('the handler config', () => {
  it('has the defaults that its schema says, frozen to the bottom', () => {
    expect(parse({})).toEqual(DEFAULT_CONFIG);
    expect(parseHandlerConfig(Buffer.from(' \n'))).toBe(DEFAULT_CONFIG);
    const config = parse({ batching: { maxRows: 8 }, params: { a: [1] } });
    expect(config).toEqual({
      ...DEFAULT_CONFIG,
      batching: { maxRows: 8, maxDelayMs: 0 },
      params: { a: [1] },
    });
    expect(Object.isFrozen(config.session)).toBe(true);
    expect(Object.isFrozen(config.params['a'])).toBe(true);
  });

  // Our own reading of the schema and a compiler's hold each other to account.
  it.each<[unknown, string]>([
    [[], '$ must be object'],
    [null, '$ must be object'],
    [
      { batch: {} },
      '$.batch is not a key of the config; known here: batching, admission, session, residency',
    ],
    [{ toString: {} }, '$.toString is not a key of the config'],
    [{ batching: 1 }, '$.batching must be object'],
    [
      { batching: { rows: 1 } },
      '$.batching.rows is not a key of the config; known here: maxRows, maxDelayMs',
    ],
    [{ batching: { maxRows: 0 } }, '$.batching.maxRows must be >= 1'],
    [{ batching: { maxRows: 1.5 } }, '$.batching.maxRows must be integer'],
    [{ batching: { maxRows: '8' } }, '$.batching.maxRows must be integer'],
    [{ batching: { maxDelayMs: 1001 } }, '$.batching.maxDelayMs must be <= 1000'],
    [{ batching: { maxDelayMs: null } }, '$.batching.maxDelayMs must be number'],
    [{ session: { executionProviders: 'cpu' } }, '$.session.executionProviders must be array'],
    [{ session: { executionProviders: [] } }, '$.session.executionProviders must have at least 1 items'],
    [
      { session: { executionProviders: 'abcdefghi'.split('') } },
      '$.session.executionProviders must have at most 8 items',
    ],
    [
      { session: { executionProviders: ['cpu', 'cpu'] } },
      '$.session.executionProviders must not have an item twice',
    ],
    [{ session: { executionProviders: ['cpu', 1] } }, '$.session.executionProviders[1] must be string'],
    [
      { session: { executionProviders: ['a b'] } },
      '$.session.executionProviders[0] must match ^[A-Za-z0-9_-]{1,32}$',
    ],
    [{ log: { level: 'loud' } }, '$.log.level must be one of ["trace","debug",'],
    [{ params: [] }, '$.params must be object'],
  ])('refuses %j', (value, message) => {
    const error = refusal(value);
    expect(error.message).toContain(message);
    expect(message.startsWith(error.path)).toBe(true);
    expect(validate(value)).toBe(false);
  });

  it.each<unknown>([
    { batching: { maxRows: 1, maxDelayMs: 0.5 }, params: { toString: null } },
    { admission: { maxConcurrent: 1, maxQueued: 0, timeoutMs: 2147483647 } },
    { session: { intraOpThreads: 256, executionProviders: ['cuda', 'cpu'], graphOptimization: 'basic' } },
    { residency: { keepPrevious: 8 }, log: { level: 'silent', sampleRate: 1 } },
  ])('takes %j', (value) => {
    expect(parse(value)).toMatchObject(value as object);
    expect(validate(value)).toBe(true);
  });
});
