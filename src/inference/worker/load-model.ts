import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorMessage, ModelError } from '../../errors';
import { isRecord } from '../codec/data-fault';
import { differingFile, type FilesBeside } from '../files-beside';
import { NO_SETTINGS, parseModelSettings } from '../model-settings';
import { HANDLER_FILE, MODEL_FILE, SETTINGS_FILE } from '../repository';
import type { ModelSignature } from '../signature';
import { giveBack } from './give-back';
import { loadHandler, type ModelHandler } from './model-handler';
import { ModelSession } from './model-session';
import { runProbes } from './probes';
import { Progress } from './progress';
import type { WorkerData, WorkerPhase } from './protocol';
import { rowsAreIndependent } from './row-independence';
import { takeTurn } from './thread-priority';
import { warmUp } from './warm-up';

/** A version that is ready to answer. */
export interface LoadedModel {
  readonly model: string;
  readonly version: string;
  readonly session: ModelSession;
  /** As the session has it; `batchable` only when the rows were found to leave each other alone. */
  readonly signature: ModelSignature;
  readonly labels: readonly string[] | undefined;
  readonly handler: ModelHandler | undefined;
  readonly sha256: string;
  readonly beside: FilesBeside;
  readonly bytes: number;
  /** To be told of every step that may take long. */
  readonly progress: Progress;
  readonly ms: { readonly fetch: number; readonly load: number; readonly warm: number };
}

/**
 * Reads, verifies, loads and warms one version. `enter` is told of each phase as it begins and may throw to
 * give up; the session is then released. @throws ModelError.
 */
export async function loadModel(
  data: WorkerData,
  enter: (phase: WorkerPhase) => Promise<void>,
): Promise<LoadedModel> {
  const { files } = data;
  const started = performance.now();
  const bytes = read(files.modelPath, MODEL_FILE);
  const settingsBytes =
    files.settingsPath === undefined ? undefined : read(files.settingsPath, SETTINGS_FILE);
  const source =
    data.handlers && files.handlerPath !== undefined ? read(files.handlerPath, HANDLER_FILE) : undefined;
  await enter('VERIFYING');
  const sha256 = digestOf(bytes);
  const beside = {
    [SETTINGS_FILE]: settingsBytes === undefined ? null : digestOf(settingsBytes),
    ...(data.handlers ? { [HANDLER_FILE]: source === undefined ? null : digestOf(source) } : {}),
  };
  requireDigest(data, sha256);
  requireBeside(data, beside);
  await enter('LOADING');
  const fetched = performance.now();
  const settings = settingsBytes === undefined ? NO_SETTINGS : parseModelSettings(settingsBytes);
  const handler = source === undefined ? undefined : await loadHandler(source);
  const size = bytes.byteLength;
  const progress = new Progress(data.progress);
  // Threads of its own would stay as low as this one is when it makes them.
  if (data.session.intraOpThreads > 1) takeTurn();
  const session = await ModelSession.open(bytes, data.session, progress);
  // ONNX Runtime has made its own copy of what it needs.
  giveBack(bytes);
  try {
    await enter('WARMING');
    const loaded = performance.now();
    if (settings.probes.length > 0) await runProbes(session, settings.probes);
    else await warmUp(session);
    const batchable = session.signature.batchable && (await rowsAreIndependent(session));
    const ms = { fetch: fetched - started, load: loaded - fetched, warm: performance.now() - loaded };
    return {
      model: files.model,
      version: files.version,
      session,
      signature: { ...session.signature, batchable },
      labels: settings.labels,
      handler,
      sha256,
      beside,
      bytes: size,
      progress,
      ms,
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}

function requireDigest({ files, expectedSha256 }: WorkerData, sha256: string): void {
  if (expectedSha256 === undefined || expectedSha256 === sha256) return;
  throw new ModelError(
    'DIGEST_MISMATCH',
    `model.onnx of ${files.model} ${files.version} has sha256 ${sha256}, the catalog says ${expectedSha256}`,
  );
}

function requireBeside({ files, expectedBeside = {} }: WorkerData, beside: FilesBeside): void {
  const name = differingFile(expectedBeside, beside);
  if (name === undefined) return;
  const said = (digest: string | null | undefined) => (digest ? `sha256 ${digest}` : 'no such file');
  throw new ModelError(
    'DIGEST_MISMATCH',
    `${name} of ${files.model} ${files.version}: there is ${said(beside[name])}, the catalog says ${said(expectedBeside[name])}`,
  );
}

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Blocking is no matter in a thread that does nothing else, and it is the fastest way to one buffer. */
function read(path: string, name: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const code: unknown = isRecord(cause) ? cause['code'] : undefined;
    if (code === 'ENOENT') {
      throw new ModelError('NOT_FOUND', `there is no ${name} at ${path}`, false, { cause });
    }
    if (code === 'ERR_FS_FILE_TOO_LARGE') {
      throw new ModelError('BAD_MODEL', `${name} has more than the 2 GiB that an ONNX file may have`, false, {
        cause,
      });
    }
    throw new ModelError('FETCH_FAILED', `${name} cannot be read: ${errorMessage(cause)}`, true, { cause });
  }
}
