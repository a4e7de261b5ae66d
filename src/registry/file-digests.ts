import { fieldsOf } from './json-fields';

/** SHA-256 of files, 64 lower-case hex digits each, by their names; null: there is no such file. */
export type FileDigests = Readonly<Record<string, string | null>>;

export function isDigest(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** The digests in `value`, or undefined when one of them is none. */
export function fileDigests(value: unknown): FileDigests | undefined {
  const fields = fieldsOf(value);
  if (fields === undefined) return undefined;
  const digests: Record<string, string | null> = {};
  for (const [name, digest] of Object.entries(fields)) {
    if (digest !== null && !isDigest(digest)) return undefined;
    digests[name] = digest;
  }
  return digests;
}
