import { AdmittedRequest } from '../../src/inference/admitted-request';
import { Admission } from '../../src/inference/admission';
import { Batcher } from '../../src/inference/batcher';
import { DEFAULTS_IN_FORCE } from '../../src/inference/config-in-force';
import type { InferenceAnswer, InferenceRequest } from '../../src/inference/inference-request';
import type { ModelRepository } from '../../src/inference/repository';
import { BatchAnswerer } from '../../src/inference/worker/answer-batch';
import { loadModel, type LoadedModel } from '../../src/inference/worker/load-model';
import { RequestError } from '../../src/errors';
import type { HandlerConfig } from '../../src/handler-config';
import type { NaiveModel } from './naive-model';

interface Live {
  readonly stamp: string;
  readonly loaded: LoadedModel;
  readonly answerer: BatchAnswerer;
}

/**
 * The design that the package's own examples lead to: sessions are made and run on the event loop, the new one
 * beside the old. Everything else is ours (codecs, batching, HTTP), so that only the thread differs.
 */
export class OnTheEventLoop implements NaiveModel {
  readonly #model: string;
  readonly #repository: ModelRepository;
  readonly #admission: Admission;
  readonly #batcher: Batcher;
  readonly #crew = { leases: 0, capacity: (config: HandlerConfig) => this.#batcher.capacity(config) };
  #live: Live | undefined;
  #batches = 0;

  constructor(model: string, repository: ModelRepository) {
    this.#model = model;
    this.#repository = repository;
    this.#admission = new Admission(model);
    this.#batcher = new Batcher({
      runners: [
        {
          alive: true,
          run: async (batch) => {
            this.#batches += 1;
            return this.#required.answerer.answer({ type: 'batch', id: this.#batches, ...batch });
          },
        },
      ],
      batchable: true,
      admission: this.#admission,
      onRows: () => undefined,
    });
    this.#admission.crews.add(this.#crew);
  }

  async follow(version: string, stamp: string): Promise<void> {
    const files = await this.#repository.locate(this.#model, version);
    const { config } = DEFAULTS_IN_FORCE;
    const params = { epoch: 0, params: config.params };
    const data = { files, session: config.session, handlers: false, params };
    const loaded = await loadModel(data, () => Promise.resolve());
    const replaced = this.#live;
    this.#live = { stamp, loaded, answerer: new BatchAnswerer(loaded, () => undefined) };
    await replaced?.loaded.session.release();
  }

  infer(request: InferenceRequest): Promise<InferenceAnswer> {
    const { loaded, stamp } = this.#required;
    const refusal = this.#admission.refusal(DEFAULTS_IN_FORCE.config, request.body.byteLength, this.#crew);
    if (refusal !== undefined) return refusal;
    const terms = { version: loaded.version, versionStamp: stamp, config: DEFAULTS_IN_FORCE };
    const admitted = new AdmittedRequest(request, terms, (settled, wasRunning) => {
      if (!wasRunning) this.#batcher.remove(settled);
      this.#admission.leave(settled, wasRunning);
      this.#crew.leases -= 1;
    });
    this.#crew.leases += 1;
    this.#admission.enter(admitted);
    this.#batcher.add(admitted);
    return admitted.answer;
  }

  get #required(): Live {
    if (this.#live === undefined) throw new RequestError('NOT_READY', 'nothing is loaded yet');
    return this.#live;
  }
}
