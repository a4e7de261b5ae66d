import { CONFIG_MAX_BYTES, parseHandlerConfig } from '../handler-config';
import type { ZooKeeperSession } from '../streams/session';
import { commitChange, type Committed } from './commit-change';
import type { ZnodePaths } from './paths';

export interface ConfigRequest {
  readonly model: string;
  /** JSON; empty or white space means all defaults. */
  readonly data: Uint8Array;
  readonly by: string;
  readonly reason?: string | undefined;
}

/**
 * Writes the handler config of `model`, whole, with its history record. Throws ConfigError, with nothing
 * written, when it is not valid; the `params` are checked by the replicas only, which have the model's schema.
 * Throws ZooKeeperError.
 */
export async function writeConfig(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  { model, data, by, reason }: ConfigRequest,
): Promise<Committed> {
  parseHandlerConfig(data);
  const text = new TextDecoder().decode(data).trim();
  // An object rather than nothing: replicas then name the write in their status, which `--wait` needs.
  const to = text === '' ? '{}' : text;
  return commitChange(session, paths, {
    model,
    kind: 'config',
    path: paths.config(model),
    by,
    reason,
    decide: (present) => ({ from: present === undefined ? null : textOf(present.data), to }),
  });
}

/** For the history; null stands for a former config that is too long to be one, or no text. */
function textOf(data: Uint8Array): string | null {
  if (data.byteLength > CONFIG_MAX_BYTES) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    return null;
  }
}
