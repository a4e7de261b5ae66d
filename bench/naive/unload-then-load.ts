import { pino } from 'pino';
import { departed } from '../../src/inference/departure';
import { RequestError } from '../../src/errors';
import { Admission } from '../../src/inference/admission';
import { DEFAULTS_IN_FORCE } from '../../src/inference/config-in-force';
import { startGeneration, type Generation } from '../../src/inference/generation';
import type { InferenceAnswer, InferenceRequest } from '../../src/inference/inference-request';
import { MemoryBudget } from '../../src/inference/memory-budget';
import type { ModelRepository } from '../../src/inference/repository';
import type { NaiveModel } from './naive-model';

/**
 * The design of servers that hold one copy of a model: the old version is drained and unloaded, then the new one
 * is loaded, and requests that come meanwhile are refused. Everything else is ours, worker thread included.
 */
export class UnloadThenLoad implements NaiveModel {
  readonly #model: string;
  readonly #repository: ModelRepository;
  readonly #admission: Admission;
  #live: { readonly generation: Generation; readonly stamp: string } | undefined;

  constructor(model: string, repository: ModelRepository) {
    this.#model = model;
    this.#repository = repository;
    this.#admission = new Admission(model);
  }

  async follow(version: string, stamp: string): Promise<void> {
    const files = await this.#repository.locate(this.#model, version);
    const replaced = this.#live;
    this.#live = undefined;
    await replaced?.generation.retire();
    const log = pino({ level: 'silent' });
    const budget = new MemoryBudget({ log });
    const generation = await startGeneration({
      files,
      config: DEFAULTS_IN_FORCE,
      handlers: false,
      memory: await budget.reserve({ ...files, fileBytes: 0, workers: 1 }),
      admission: this.#admission,
      log,
      onRows: () => undefined,
      onDeath: (_dead, departure) => {
        throw new Error(`the worker of version ${version} ${departed(departure)}`);
      },
    });
    this.#live = { generation, stamp };
  }

  infer(request: InferenceRequest): Promise<InferenceAnswer> {
    if (this.#live === undefined) throw new RequestError('NOT_READY', 'no version is loaded');
    return this.#live.generation.infer(request, DEFAULTS_IN_FORCE, this.#live.stamp);
  }
}
