import { ModelError } from '../errors';
import type { ConfigInForce } from './config-in-force';
import { startGeneration, type Generation, type GenerationOptions } from './generation';
import type { ModelRepository } from './repository';
import type { WorkerPhase } from './worker/protocol';

/** Deaths of the same version's worker while it loads, in a row, after which trying again is not advised. */
const DEATHS_ALLOWED = 3;

export type SlotPhase = 'FETCHING' | WorkerPhase;

export interface Build {
  readonly version: string;
  readonly config: ConfigInForce;
  readonly expectedSha256?: string | undefined;
  readonly onPhase?: ((phase: SlotPhase) => void) | undefined;
}

export interface VersionBuilderOptions extends Pick<
  GenerationOptions,
  | 'handlers'
  | 'workers'
  | 'admission'
  | 'log'
  | 'loadTimeoutMs'
  | 'callTimeoutMs'
  | 'hangAfterMs'
  | 'leftBehind'
  | 'onRows'
  | 'onDeath'
> {
  readonly model: string;
  readonly repository: ModelRepository;
}

/** Builds generations of one model out of its repository. */
export class VersionBuilder {
  readonly #options: VersionBuilderOptions;
  readonly #deaths = new Map<string, number>();

  constructor(options: VersionBuilderOptions) {
    this.#options = options;
  }

  /**
   * Locates, verifies, loads and warms a version. A load that has begun is never broken off. ModelError; a
   * CRASHED_WHILE_LOADING stops being retryable the third time in a row.
   */
  async build({ version, config, expectedSha256, onPhase }: Build): Promise<Generation> {
    const { model, repository, ...rest } = this.#options;
    onPhase?.('FETCHING');
    const files = await repository.locate(model, version);
    try {
      const generation = await startGeneration({ ...rest, files, config, expectedSha256, onPhase });
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
