import { oneOf, parseFields, text } from './json-fields';

export const CHANGE_KINDS = ['promote', 'rollback', 'config'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

/** One change that this program wrote: the data of `/history/<model>/h-<seq>`. When and zxid are the znode's own. */
export interface HistoryRecord {
  /** A UUID: by it a writer whose reply was lost finds out whether its write happened. */
  readonly id: string;
  readonly kind: ChangeKind;
  /** What the znode said before: a version, or a config as text; null when there was none, or none that is valid. */
  readonly from: string | null;
  readonly to: string;
  /** `user@host`. */
  readonly by: string;
  readonly reason: string | null;
}

export function formatHistory(record: HistoryRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

/** The record in `data`, or undefined when it is not one. */
export function parseHistory(data: Uint8Array): HistoryRecord | undefined {
  const fields = parseFields(data);
  const kind = oneOf(fields?.['kind'], CHANGE_KINDS);
  const to = text(fields?.['to']);
  if (kind === undefined || to === undefined) return undefined;
  return {
    id: text(fields?.['id']) ?? '',
    kind,
    from: text(fields?.['from']) ?? null,
    to,
    by: text(fields?.['by']) ?? '',
    reason: text(fields?.['reason']) ?? null,
  };
}
