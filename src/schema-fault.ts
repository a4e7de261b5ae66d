/** The keywords of JSON Schema that the schema of the handler config uses; the others only describe. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  /** Whether keys beside `properties` are refused. */
  readonly additionalProperties?: false;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** `path` is a JSON path below `$`; `message` goes after it in a sentence. */
export interface SchemaFault {
  readonly path: string;
  readonly message: string;
}

/**
 * The first thing in `value`, as `JSON.parse` made it, that does not fit `schema`; undefined when all of it fits.
 *
 * A schema compiler would take longer to load than all the rest of a replica, or, loaded by the first config, hold
 * up the event loop for as long. The unit test holds this against one.
 */
export function schemaFault(schema: Schema, value: unknown, path = '$'): SchemaFault | undefined {
  const message = ownFault(schema, value);
  if (message !== undefined) return { path, message };
  if (Array.isArray(value)) {
    return schema.items && firstOf(value, schema.items, path);
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { properties = {} } = schema;
  for (const [key, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known !== undefined) {
      const fault = schemaFault(known, inner, `${path}.${key}`);
      if (fault !== undefined) return fault;
    } else if (schema.additionalProperties === false) {
      const names = Object.keys(properties).join(', ');
      return { path: `${path}.${key}`, message: `is not a key of the config; known here: ${names}` };
    }
  }
  return undefined;
}

function firstOf(values: readonly unknown[], schema: Schema, path: string): SchemaFault | undefined {
  for (const [index, value] of values.entries()) {
    const fault = schemaFault(schema, value, `${path}[${index}]`);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** What is wrong with the value itself, whatever is inside it. */
function ownFault(schema: Schema, value: unknown): string | undefined {
  const { type, minimum = -Infinity, maximum = Infinity } = schema;
  if (type !== undefined && !isOf(type, value)) return `must be ${type}`;
  if (schema.enum?.includes(value) === false) return `must be one of ${JSON.stringify(schema.enum)}`;
  if (typeof value === 'number') {
    if (value < minimum) return `must be >= ${minimum}`;
    if (value > maximum) return `must be <= ${maximum}`;
  }
  if (typeof value === 'string' && schema.pattern !== undefined) {
    return new RegExp(schema.pattern, 'u').test(value) ? undefined : `must match ${schema.pattern}`;
  }
  return Array.isArray(value) ? arrayFault(schema, value) : undefined;
}

function arrayFault(schema: Schema, value: readonly unknown[]): string | undefined {
  const { minItems = 0, maxItems = Infinity, uniqueItems } = schema;
  if (value.length < minItems) return `must have at least ${minItems} items`;
  if (value.length > maxItems) return `must have at most ${maxItems} items`;
  if (uniqueItems === true && new Set(value).size < value.length) return 'must not have an item twice';
  return undefined;
}

function isOf(type: string, value: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}
