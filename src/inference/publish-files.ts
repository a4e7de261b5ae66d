import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ModelError } from '../errors';
import { isRecord } from './codec/data-fault';
import { HANDLER_FILE, MODEL_FILE, SETTINGS_FILE, type ModelRepository } from './repository';

/** A version as it is in the repository now. */
export interface PublishedFiles {
  readonly directory: string;
  /** Of `model.onnx`. */
  readonly sha256: string;
  readonly bytes: number;
  /** The files that were not there before; none when the version was there already. */
  readonly added: readonly string[];
}

interface SourceFile {
  readonly name: string;
  readonly path: string;
  readonly target: string;
  readonly sha256: string;
}

/**
 * Puts a version into the repository: `source` as `model.onnx`, and the `model.json` and `handler.js` beside
 * `source`, if there are any. Each file is written beside its place under a name that begins with a dot, synced,
 * and then given its name; `model.onnx`, which makes the version one, comes last. Publishing the same bytes
 * again is fine.
 *
 * @throws ModelError BAD_VERSION for names that are none, NOT_FOUND without a `source`, DIGEST_MISMATCH, naming
 * both digests, when the version has other bytes; nothing has changed then.
 */
export async function addVersion(
  repository: ModelRepository,
  model: string,
  version: string,
  source: string,
): Promise<PublishedFiles> {
  const directory = await repository.place(model, version);
  const files: SourceFile[] = [];
  for (const [name, path] of [
    [SETTINGS_FILE, join(dirname(source), SETTINGS_FILE)],
    [HANDLER_FILE, join(dirname(source), HANDLER_FILE)],
    [MODEL_FILE, source],
  ] as const) {
    const sha256 = await digestOf(path);
    if (sha256 !== undefined) files.push({ name, path, sha256, target: join(directory, name) });
  }
  const onnx = files.at(-1);
  if (onnx?.name !== MODEL_FILE) throw new ModelError('NOT_FOUND', `there is no file ${source}`);
  const missing: SourceFile[] = [];
  for (const file of files) {
    if (!(await isThere(file, `${model} ${version}`))) missing.push(file);
  }
  const complete = missing.every(({ name }) => name !== MODEL_FILE);
  if (complete && missing.length > 0) {
    const names = missing.map(({ name }) => name).join(' and ');
    throw new ModelError(
      'DIGEST_MISMATCH',
      `${model} ${version} is in the repository without ${names}; a version never changes, so publish another one`,
    );
  }
  if (missing.length > 0) {
    await mkdir(directory, { recursive: true });
    // The directory was not there to be looked at before: a link may lead out of the root by now.
    await repository.place(model, version);
    for (const file of missing) await install(file, directory, `${model} ${version}`);
    await syncDirectory(directory);
    await syncDirectory(dirname(directory));
  }
  return {
    directory,
    sha256: onnx.sha256,
    bytes: (await stat(onnx.target)).size,
    added: missing.map(({ name }) => name),
  };
}

/** Whether the target has the bytes already. @throws ModelError DIGEST_MISMATCH when it has others. */
async function isThere(file: SourceFile, version: string): Promise<boolean> {
  const there = await digestOf(file.target);
  if (there === undefined) return false;
  if (there === file.sha256) return true;
  throw new ModelError(
    'DIGEST_MISMATCH',
    `${file.name} of ${version} is in the repository with other bytes: sha256 ${there} there, ${file.sha256} in ${file.path}; a version never changes, so publish another one`,
  );
}

async function install(file: SourceFile, directory: string, version: string): Promise<void> {
  const beside = join(directory, `.${file.name}.${randomUUID()}`);
  try {
    const written = await copy(file.path, beside);
    if (written !== file.sha256) {
      throw new ModelError('FETCH_FAILED', `${file.path} changed while it was copied`, true);
    }
    await giveName(beside, file, version);
  } finally {
    await rm(beside, { force: true });
  }
}

/** The copy gets its name by a link, which unlike a rename replaces nothing that came there meanwhile. */
async function giveName(beside: string, file: SourceFile, version: string): Promise<void> {
  try {
    await link(beside, file.target);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') await isThere(file, version);
    // Not every file system has links.
    else if (code === 'EPERM' || code === 'ENOTSUP' || code === 'ENOSYS') await rename(beside, file.target);
    else throw error;
  }
}

/** Copies and syncs; returns the digest of what was written. */
async function copy(from: string, to: string): Promise<string> {
  const hash = createHash('sha256');
  await using handle = await open(to, 'wx');
  for await (const chunk of createReadStream(from) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    await handle.writeFile(chunk);
  }
  await handle.sync();
  return hash.digest('hex');
}

async function digestOf(path: string): Promise<string | undefined> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) hash.update(chunk);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  return hash.digest('hex');
}

async function syncDirectory(directory: string): Promise<void> {
  await using handle = await open(directory, 'r');
  await handle.sync();
}

function codeOf(error: unknown): unknown {
  return isRecord(error) ? error['code'] : undefined;
}
