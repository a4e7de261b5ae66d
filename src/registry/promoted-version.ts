import { isName, NAME_RULE, shown } from '../names';

/** What `/models/<model>/version` says. `mzxid`: 16 hex digits, the fence of this write; `mtime`: ms since 1970. */
export type PromotedVersion =
  | { readonly kind: 'absent' }
  | { readonly kind: 'version'; readonly version: string; readonly mzxid: string; readonly mtime: number }
  | { readonly kind: 'invalid'; readonly reason: string; readonly mzxid: string; readonly mtime: number };

/** Bytes of a version znode that are looked at: a name with much white space around it. */
export const VERSION_MAX_BYTES = 4096;

/** The version in `data`, with white space around it ignored, or the reason why there is none. Never throws. */
export function parseVersion(data: Uint8Array): { version: string } | { reason: string } {
  if (data.byteLength > VERSION_MAX_BYTES) {
    return {
      reason: `the version znode holds ${data.byteLength} bytes; a version is ${NAME_RULE}`,
    };
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(data).trim();
  } catch {
    return { reason: `the version znode holds bytes that are no UTF-8; a version is ${NAME_RULE}` };
  }
  if (text === '') return { reason: `the version znode is empty; a version is ${NAME_RULE}` };
  if (!isName(text)) return { reason: `${shown(text)} is no version; a version is ${NAME_RULE}` };
  return { version: text };
}

/** The znode as read, absence included. */
export function promotedVersion(
  node:
    | { readonly data: Uint8Array; readonly stat: { readonly mzxid: string; readonly mtime: number } }
    | undefined,
): PromotedVersion {
  if (node === undefined) return { kind: 'absent' };
  const { mzxid, mtime } = node.stat;
  const parsed = parseVersion(node.data);
  return 'version' in parsed
    ? { kind: 'version', version: parsed.version, mzxid, mtime }
    : { kind: 'invalid', reason: parsed.reason, mzxid, mtime };
}
