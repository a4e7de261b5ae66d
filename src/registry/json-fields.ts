/**
 * Readers for records that other programs wrote: each answers undefined when the field is not what it should
 * be, and unknown fields are passed over, so that an older reader understands a newer writer.
 */
export type Fields = Readonly<Record<string, unknown>>;

/** The JSON object in `data`, or undefined for anything else. */
export function parseFields(data: Uint8Array): Fields | undefined {
  try {
    return fieldsOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data)));
  } catch {
    return undefined;
  }
}

export function fieldsOf(value: unknown): Fields | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  // Any non-null object may be read by key; each value stays unknown.
  return value as Fields;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function amount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** An array in which `read` understands every element. */
export function listOf<T>(
  value: unknown,
  read: (element: unknown) => T | undefined,
): readonly T[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const elements: T[] = [];
  for (const element of value) {
    const understood = read(element);
    if (understood === undefined) return undefined;
    elements.push(understood);
  }
  return elements;
}

export function oneOf<T extends string>(value: unknown, choices: readonly T[]): T | undefined {
  return choices.find((choice) => choice === value);
}
