import { errorMessage, type ModelError } from '../errors';
import { LeftBehind } from '../inference/left-behind';
import { ModelSlot, type ModelSlotOptions } from '../inference/slot';
import type { ZnodePaths } from '../registry/paths';
import { removeStatus } from '../registry/write-status';
import type { LastGoodStore } from '../state/last-good-store';
import type { Lives } from '../state/lives';
import type { LoadGuard } from '../state/load-guard';
import type { ZooKeeperSession } from '../streams/session';
import { applyConfig } from './apply-config';
import { type RunningHandler, startHandler } from './event-handler';
import { followVersion } from './follow-version';
import { guardedLoad } from './guarded-load';
import { knownVersions } from './known-versions';
import { keepLastGood } from './keep-last-good';
import { observeAccess } from './observe-access';
import { observeSlot } from './observe-slot';
import { ObservedState } from './observed-state';
import { reportStatus } from './report-status';
import type { ServedModel } from './served-model';

export interface ServedModelsOptions extends Pick<
  ModelSlotOptions,
  'repository' | 'handlers' | 'workers' | 'memory' | 'spares' | 'metrics' | 'log'
> {
  readonly session: ZooKeeperSession;
  readonly paths: ZnodePaths;
  readonly store: LastGoodStore;
  /** Left out: a version that takes the process down is loaded again by the next one. */
  readonly loads?: LoadGuard | undefined;
  readonly lives: Lives;
}

interface RunningModel {
  readonly context: ServedModel;
  readonly following: readonly RunningHandler[];
  readonly reporting: RunningHandler;
}

/**
 * The models of this replica, each with a slot and handlers of its own: one that fails, or is removed, touches
 * no other.
 */
export class ServedModels {
  readonly #options: ServedModelsOptions;
  readonly leftBehind: LeftBehind;
  readonly #running = new Map<string, RunningModel>();
  readonly #draining = new Set<Promise<void>>();

  constructor(options: ServedModelsOptions) {
    this.#options = options;
    this.leftBehind = new LeftBehind(options.metrics);
  }

  get names(): readonly string[] {
    return [...this.#running.keys()].sort();
  }

  find(model: string): ServedModel | undefined {
    return this.#running.get(model)?.context;
  }

  all(): readonly ServedModel[] {
    return [...this.#running.values()].map(({ context }) => context);
  }

  /**
   * Makes `names` the models that are served, reported on as `replica`. A model that is not named any more takes
   * no further request and its status is gone when this resolves; the requests that it has are answered after
   * that, in the background.
   */
  async reconcile(names: readonly string[], replica: string): Promise<void> {
    const wanted = new Set(names);
    const removed = this.names.filter((model) => !wanted.has(model));
    await Promise.all(removed.map((model) => this.#remove(model)));
    for (const model of wanted) {
      if (!this.#running.has(model)) this.#add(model, replica);
    }
  }

  /** The list of models cannot be read, so that one that was added or removed is not noticed; undefined: it can. */
  listUnreadable(error: ModelError | undefined): void {
    for (const { observed } of this.all()) observed.unreadable('models', error);
  }

  /** Removes every model and waits until the last request is answered. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.names.map((model) => this.#remove(model)));
    await Promise.all(this.#draining);
  }

  #add(model: string, replica: string): void {
    const { session, paths, store, loads, lives, metrics, log, ...options } = this.#options;
    const { leftBehind } = this;
    const guards = { guardLoad: guardedLoad(loads, lives), work: lives.work };
    const known = knownVersions(model, lives);
    const slot = new ModelSlot({ ...options, ...guards, known, model, metrics, leftBehind, log });
    const lastGood = store.found.models.find((good) => good.model === model);
    const observed = new ObservedState(replica, lastGood !== undefined);
    const digests: ServedModel['digests'] = new Map();
    const context: ServedModel = {
      ...{ model, replica, slot, observed, digests, lastGood, store },
      ...{ session, paths, loads, lives, metrics, log },
    };
    this.#running.set(model, {
      context,
      following: [
        startHandler(observeSlot, context, log),
        startHandler(followVersion, context, log),
        startHandler(applyConfig, context, log),
        startHandler(observeAccess, context, log),
        startHandler(keepLastGood, context, log),
      ],
      reporting: startHandler(reportStatus, context, log),
    });
    log.info({ model }, `${model} is followed`);
  }

  async #remove(model: string): Promise<void> {
    const running = this.#running.get(model);
    if (running === undefined) return;
    this.#running.delete(model);
    const { session, paths, log } = this.#options;
    await running.reporting.stop();
    try {
      await removeStatus(session, paths, model, running.context.replica);
    } catch (error) {
      log.warn({ model, error: errorMessage(error) }, 'the status of this replica could not be removed');
    }
    const drained = this.#drain(running).finally(() => this.#draining.delete(drained));
    this.#draining.add(drained);
  }

  async #drain({ context, following }: RunningModel): Promise<void> {
    const { model, log } = context;
    try {
      const stopped = following.map((handler) => handler.stop());
      await context.slot[Symbol.asyncDispose]();
      await Promise.all(stopped);
      log.info({ model }, `${model} is unloaded`);
    } catch (error) {
      log.error({ model, error: errorMessage(error) }, `${model} was not unloaded cleanly`);
    }
  }
}
