import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isName } from '../names';
import { amount, fieldsOf, text } from '../registry/json-fields';

/** A version that is about to be loaded, which may take the whole process down. */
export interface LoadAttempt {
  readonly model: string;
  readonly version: string;
  /** The mzxid of the write that asked for it. */
  readonly stamp: string;
  /** Paths of the files that are read. */
  readonly files: readonly string[];
  /** The `session` config that it is loaded with: JSON. */
  readonly session: object;
}

/** On disk while a version is loaded, and afterwards if nobody lived to remove it. */
export interface LoadMarker {
  readonly model: string;
  readonly version: string;
  readonly stamp: string;
  /** {@link fingerprintOf} its files. */
  readonly files: string;
  /** Loads that were begun and of which no end is known, this one included. */
  readonly attempts: number;
}

/** A session config has a file of its own: it may be what a load dies of. */
export function markerFile({ model, version, session }: LoadAttempt): string {
  const digest = createHash('sha256').update(JSON.stringify(session)).digest('hex');
  return `${model}@${version}@${digest.slice(0, 8)}.json`;
}

/** Changes when the files do, as far as their sizes and times tell. */
export async function fingerprintOf(files: readonly string[]): Promise<string> {
  const found = await Promise.all(
    files.map(async (path) => {
      const stats = await stat(path, { bigint: true }).catch(() => undefined);
      return stats === undefined ? 'none' : [stats.size, stats.mtimeNs, stats.ctimeNs].join(':');
    }),
  );
  return found.join(' ');
}

/** Undefined for what is none. */
export function parseLoadMarker(value: unknown): LoadMarker | undefined {
  const fields = fieldsOf(value);
  const [model, version] = [text(fields?.['model']), text(fields?.['version'])];
  const [stamp, files] = [text(fields?.['stamp']), text(fields?.['files'])];
  const attempts = amount(fields?.['attempts']);
  if (model === undefined || version === undefined || !isName(model) || !isName(version)) return undefined;
  if (stamp === undefined || files === undefined || attempts === undefined) return undefined;
  return { model, version, stamp, files, attempts };
}
