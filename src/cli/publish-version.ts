import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ModelError } from '../errors';
import { differingFile, type FilesBeside } from '../inference/files-beside';
import { inspectModel, type InspectedModel } from '../inference/inspect-model';
import { parseModelSettings } from '../inference/model-settings';
import { addVersion, type PublishedFiles } from '../inference/publish-files';
import { HANDLER_FILE, MODEL_FILE, SETTINGS_FILE, type ModelRepository } from '../inference/repository';
import { publishManifest, requireFree } from '../registry/catalog';
import type { Registry } from '../registry/open-registry';

export interface PublishRequest {
  readonly model: string;
  readonly version: string;
  /** The ONNX file; it may be in its place in the repository already. */
  readonly source: string;
  readonly by: string;
  /** false: `model.json` and `handler.js` may change later, without a new version. */
  readonly holdsFilesBeside?: boolean;
  /** Hears what is being done with the file: a word or two. */
  readonly onProgress?: (doing: string) => void;
}

/**
 * Checks that a model file loads and reproduces its probes, as a replica would, then copies it into the
 * repository with the `model.json` and `handler.js` beside it, then enters it in the catalog. A version that the
 * catalog has with the same bytes is not checked again (`unchanged`).
 *
 * @throws VersionTaken or ModelError DIGEST_MISMATCH when the catalog or the repository has other bytes for the
 * version, ModelError when the file does not load; nothing has changed then. ZooKeeperError.
 */
export async function publishVersion(
  { session, paths }: Pick<Registry, 'session' | 'paths'>,
  repository: ModelRepository,
  { model, version, source, by, holdsFilesBeside = true, onProgress }: PublishRequest,
): Promise<PublishedFiles & { readonly outcome: 'published' | 'unchanged' }> {
  const path = resolve(source);
  const digests = { sha256: await digestOf(path), files: await digestsBeside(path) };
  const known = await requireFree(session, paths, model, version, digests);
  if (known === 'same')
    return { ...(await addVersion(repository, model, version, path)), outcome: 'unchanged' };
  const inspected = await inspectModel(
    { model, version, path },
    { onPhase: (phase) => onProgress?.(phase.toLowerCase()) },
  );
  const probes = await countProbes(path);
  onProgress?.('copying');
  const files = await addVersion(repository, model, version, path);
  if (files.sha256 !== inspected.sha256 || differingFile(inspected.beside, digests.files) !== undefined)
    throw new Error(`${source} changed while it was published; publish it again`);
  const outcome = await publishManifest(session, paths, model, version, {
    ...described(inspected),
    ...(holdsFilesBeside ? { files: inspected.beside } : {}),
    uri: pathToFileURL(join(files.directory, MODEL_FILE)).href,
    probes,
    when: new Date().toISOString(),
    by,
  });
  return { ...files, outcome };
}

function described({ sha256, bytes, signature }: InspectedModel) {
  return { sha256, bytes, inputs: signature.inputs, outputs: signature.outputs };
}

async function countProbes(modelPath: string): Promise<number> {
  let data: Buffer;
  try {
    data = await readFile(join(dirname(modelPath), SETTINGS_FILE));
  } catch {
    // It has been loaded a moment ago; without it there is nothing to probe.
    return 0;
  }
  return parseModelSettings(data).probes.length;
}

/** Of the files that belong to the model; null for one that is not there. */
async function digestsBeside(modelPath: string): Promise<FilesBeside> {
  const digests: Record<string, string | null> = {};
  for (const name of [SETTINGS_FILE, HANDLER_FILE]) {
    const path = join(dirname(modelPath), name);
    digests[name] = existsSync(path) ? await digestOf(path) : null;
  }
  return digests;
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch (cause) {
    throw new ModelError('NOT_FOUND', `there is no file ${path} that can be read`, false, { cause });
  }
  return hash.digest('hex');
}
