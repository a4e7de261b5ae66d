import { fileDigests, isDigest, type FileDigests } from './file-digests';
import { amount, fieldsOf, listOf, parseFields, text } from './json-fields';

/** One input or output of a published version; `shape` has -1 for a free dimension. */
export interface ManifestTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** What `publish` knows of a version: the immutable data of `/catalog/<model>/<version>`. */
export interface Manifest {
  /** Of `model.onnx`, 64 lower-case hex digits. */
  readonly sha256: string;
  readonly bytes: number;
  /** Those beside it. Undefined in manifests of earlier releases and of others: nothing is known of them. */
  readonly files?: FileDigests;
  /** Where the publisher put it: a `file:` URL. */
  readonly uri: string;
  readonly inputs: readonly ManifestTensor[];
  readonly outputs: readonly ManifestTensor[];
  /** How many probes the version must reproduce before it serves. */
  readonly probes: number;
  /** ISO 8601, by the publisher's clock. */
  readonly when: string;
  /** `user@host`. */
  readonly by: string;
}

export function formatManifest(manifest: Manifest): Buffer {
  return Buffer.from(JSON.stringify(manifest));
}

/** The manifest in `data`, or undefined when it is not one. */
export function parseManifest(data: Uint8Array): Manifest | undefined {
  const fields = parseFields(data);
  const sha256 = fields?.['sha256'];
  const bytes = amount(fields?.['bytes']);
  if (!isDigest(sha256) || bytes === undefined) return undefined;
  const files = fileDigests(fields?.['files']);
  // Which bytes are meant cannot be told.
  if (files === undefined && fields?.['files'] !== undefined) return undefined;
  return {
    sha256,
    bytes,
    ...(files === undefined ? {} : { files }),
    uri: text(fields?.['uri']) ?? '',
    inputs: listOf(fields?.['inputs'], tensorOf) ?? [],
    outputs: listOf(fields?.['outputs'], tensorOf) ?? [],
    probes: amount(fields?.['probes']) ?? 0,
    when: text(fields?.['when']) ?? '',
    by: text(fields?.['by']) ?? '',
  };
}

function tensorOf(value: unknown): ManifestTensor | undefined {
  const fields = fieldsOf(value);
  const name = text(fields?.['name']);
  const datatype = text(fields?.['datatype']);
  const shape = listOf(fields?.['shape'], amount);
  if (name === undefined || datatype === undefined || shape === undefined) return undefined;
  return { name, datatype, shape };
}
