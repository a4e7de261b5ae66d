import { stat } from 'node:fs/promises';
import { anySignal } from '../any-signal';
import { ModelError, errorMessage } from '../errors';
import type { ConfigInForce } from './config-in-force';
import type { FilesBeside } from './files-beside';
import { startGeneration, type Generation, type GenerationOptions } from './generation';
import type { GuardLoad } from './guard-load';
import type { MemoryBudget } from './memory-budget';
import type { ModelFiles, ModelRepository } from './repository';
import { workOf, type WorkWatch } from './work-watch';
import type { WorkerMemory } from './worker-memory';
import type { WorkerPhase } from './worker/protocol';

/** Deaths of the same version's worker while it loads, in a row, after which trying again is not advised. */
const DEATHS_ALLOWED = 3;

export type SlotPhase = 'FETCHING' | WorkerPhase;

export interface Build {
  readonly version: string;
  /** Of the promotion that asks for it. */
  readonly stamp: string;
  readonly config: ConfigInForce;
  readonly expectedSha256?: string | undefined;
  readonly expectedBeside?: FilesBeside | undefined;
  readonly onPhase?: ((phase: SlotPhase) => void) | undefined;
  /** Aborted when it is not wanted any more; heeded until the load begins. */
  readonly signal?: AbortSignal | undefined;
}

export interface VersionBuilderOptions extends Pick<
  GenerationOptions,
  | 'handlers'
  | 'admission'
  | 'log'
  | 'loadTimeoutMs'
  | 'callTimeoutMs'
  | 'hangAfterMs'
  | 'leftBehind'
  | 'spares'
  | 'onRows'
  | 'onDeath'
> {
  readonly model: string;
  readonly repository: ModelRepository;
  /** Of each version; 1 by default. */
  readonly workers?: number | undefined;
  readonly memory: MemoryBudget;
  readonly guardLoad?: GuardLoad | undefined;
  readonly work?: WorkWatch | undefined;
  readonly closing: AbortSignal;
}

/** Builds generations of one model out of its repository. */
export class VersionBuilder {
  readonly #options: VersionBuilderOptions;
  readonly #deaths = new Map<string, number>();

  constructor(options: VersionBuilderOptions) {
    this.#options = options;
  }

  /**
   * Locates a version, waits for room in the memory, verifies, loads and warms it. A load that has begun is never
   * broken off. ModelError; MEMORY_REFUSED is a {@link MemoryRefusedError}, and a CRASHED_WHILE_LOADING stops being
   * retryable the third time in a row.
   */
  async build(build: Build): Promise<Generation> {
    const { model, repository, workers = 1, memory: budget, closing } = this.#options;
    const { version, onPhase } = build;
    const signal = build.signal === undefined ? closing : anySignal([closing, build.signal]);
    onPhase?.('FETCHING');
    const files = await repository.locate(model, version);
    const fileBytes = await sizeOf(files);
    const memory = await budget.reserve({ model, version, fileBytes, workers }, signal);
    let unused = memory;
    try {
      const load = () => {
        unused = [];
        return this.#load(build, files, memory);
      };
      return await this.#guarded(build, files, load, signal);
    } finally {
      for (const part of unused) part.release();
    }
  }

  async #guarded(
    { version, stamp, config }: Build,
    { modelPath, settingsPath, handlerPath }: ModelFiles,
    load: () => Promise<Generation>,
    signal: AbortSignal,
  ): Promise<Generation> {
    const { model, guardLoad } = this.#options;
    if (guardLoad === undefined) return load();
    const files = [modelPath, settingsPath, handlerPath].filter((path) => path !== undefined);
    const { session } = config.config;
    return guardLoad({ model, version, stamp, files, session }, load, signal);
  }

  async #load(
    { version, stamp, config, expectedSha256, expectedBeside, onPhase }: Build,
    files: ModelFiles,
    memory: readonly WorkerMemory[],
  ): Promise<Generation> {
    const { model, work } = this.#options;
    try {
      const generation = await startGeneration({
        ...this.#options,
        work: work && workOf({ model, version, stamp }, work),
        ...{ files, config, memory, expectedSha256, expectedBeside, onPhase },
      });
      this.#deaths.delete(version);
      return generation;
    } catch (error) {
      if (!(error instanceof ModelError) || error.code !== 'CRASHED_WHILE_LOADING') throw error;
      const deaths = (this.#deaths.get(version) ?? 0) + 1;
      this.#deaths.set(version, deaths);
      if (deaths < DEATHS_ALLOWED) throw error;
      throw new ModelError(error.code, `${error.message} (${deaths} times in a row)`, false, {
        cause: error,
      });
    }
  }
}

async function sizeOf({ model, version, modelPath }: ModelFiles): Promise<number> {
  try {
    return (await stat(modelPath)).size;
  } catch (cause) {
    const message = `version ${version} of model ${model} cannot be read: ${errorMessage(cause)}`;
    throw new ModelError('FETCH_FAILED', message, true, { cause });
  }
}
