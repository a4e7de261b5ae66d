import { amount, parseFields, text } from './json-fields';

/** Who a live replica is: the data of the ephemeral znode `/replicas/<replica>`. */
export interface ReplicaRecord {
  /** Where it answers HTTP. */
  readonly url: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601, by the replica's own clock. */
  readonly started: string;
  /** The version of the program. */
  readonly build: string;
}

export function formatReplica(record: ReplicaRecord): Buffer {
  return Buffer.from(JSON.stringify(record));
}

/** The record in `data`, or undefined when it is not one. */
export function parseReplica(data: Uint8Array): ReplicaRecord | undefined {
  const fields = parseFields(data);
  const url = text(fields?.['url']);
  const host = text(fields?.['host']);
  const pid = amount(fields?.['pid']);
  const started = text(fields?.['started']);
  const build = text(fields?.['build']);
  if (
    url === undefined ||
    host === undefined ||
    pid === undefined ||
    started === undefined ||
    build === undefined
  ) {
    return undefined;
  }
  return { url, host, pid, started, build };
}
