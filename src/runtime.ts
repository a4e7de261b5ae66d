import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { programVersion } from './program-version';
import { type RunningHandler, startHandler } from './handlers/event-handler';
import { followModels } from './handlers/follow-models';
import { observeSession } from './handlers/observe-session';
import { observeWorld, worldGuard } from './handlers/observe-world';
import { Readiness } from './handlers/readiness';
import { ReplicaDataPlane } from './handlers/replica-data-plane';
import { ServedModels } from './handlers/served-models';
import { requireZooKeeper, startWithoutZooKeeper } from './handlers/start-without-zookeeper';
import { MemoryBudget } from './inference/memory-budget';
import { ModelRepository } from './inference/repository';
import type { SpareWorkers } from './inference/spare-workers';
import { Metrics } from './metrics';
import { ensembleOptions } from './registry/ensemble-options';
import { ZnodePaths } from './registry/paths';
import { type ReplicaRegistration, registerReplica } from './registry/register-replica';
import { type HttpServer, startServer } from './server/http-server';
import { defaultReplica, type ReplicaSettings } from './settings';
import { stateFolder } from './state/folder';
import { LastGoodStore } from './state/last-good-store';
import { Lives } from './state/lives';
import { LoadGuard } from './state/load-guard';
import { ZooKeeperSession } from './streams/session';
import { logUnhandledErrors } from './unhandled-errors';
import { publishWatches } from './watch-metrics';

/**
 * Starts a replica; resolves when it listens, before it has reached ZooKeeper: health is answered from the
 * first moment and turns ready later. Throws when the model repository is not there or the port is taken.
 */
export async function startReplica(
  settings: ReplicaSettings,
  log: Logger,
  { forgetful = false, spares }: ReplicaOptions = {},
): Promise<Replica> {
  logUnhandledErrors(log);
  const ensemble = ensembleOptions(settings);
  const repository = await openRepository(settings.models);
  const metrics = new Metrics();
  const folder = forgetful ? undefined : folderOf(settings);
  const store = await LastGoodStore.open(folder, log);
  const proven = (model: string, version: string): boolean =>
    store.found.models.some((good) => good.model === model && good.version === version);
  const loads = folder === undefined ? undefined : await LoadGuard.open(folder, log, proven);
  const lives = await Lives.open({ folder, log });
  const paths = new ZnodePaths(settings.root, settings.pinned);
  const guard = worldGuard(paths, store, metrics, log);
  const session = new ZooKeeperSession({ ...ensemble, log }, guard);
  publishWatches(metrics.registry, () => session.watchFigures);
  const observing = [
    startHandler(observeSession, { session, metrics, log }, log),
    startHandler(observeWorld, { session, paths, guard }, log),
  ];
  const { handlers, workers } = settings;
  const memory = new MemoryBudget({ limitBytes: settings.memoryBudgetBytes, log });
  metrics.sampleMemory(memory);
  const served = new ServedModels({
    ...{ session, paths, repository, handlers, workers },
    ...{ memory, spares, store, loads, lives, metrics, log },
  });
  const readiness = new Readiness(served, settings.strictReadiness, session);
  try {
    const server = await startServer({
      host: settings.host,
      port: settings.port,
      bodyLimitBytes: settings.bodyLimitBytes,
      plane: new ReplicaDataPlane(served, readiness),
      metrics,
      log,
    });
    const id = settings.replica ?? defaultReplica(server.port);
    return new Replica(id, settings, {
      ...{ server, session, paths, store, loads, lives },
      ...{ served, readiness, observing, metrics, log },
    });
  } catch (error) {
    await Promise.all(observing.map((handler) => handler.stop()));
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

export interface ReplicaOptions {
  /** Nothing is kept on disk, and nothing is read from there. */
  readonly forgetful?: boolean;
  /** Worker threads for the first versions; ended by whoever made them. */
  readonly spares?: SpareWorkers;
}

interface Parts {
  readonly server: HttpServer;
  readonly session: ZooKeeperSession;
  readonly paths: ZnodePaths;
  readonly store: LastGoodStore;
  readonly loads: LoadGuard | undefined;
  readonly lives: Lives;
  readonly served: ServedModels;
  readonly readiness: Readiness;
  readonly observing: readonly RunningHandler[];
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** A replica at work: it answers HTTP, follows its znodes and reports on them. */
export class Replica implements AsyncDisposable {
  /** Resolves when the ensemble was reached and this replica is registered; rejects when that can never be. */
  readonly joined: Promise<void>;
  readonly #parts: Parts;
  readonly #closing = new AbortController();
  #registration: ReplicaRegistration | undefined;
  readonly #withoutZooKeeper: Promise<void>;
  #following: RunningHandler | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    readonly id: string,
    settings: ReplicaSettings,
    parts: Parts,
  ) {
    this.#parts = parts;
    const { store, session, served, readiness, metrics, log } = parts;
    const { signal } = this.#closing;
    const start = {
      store,
      session,
      served,
      replica: id,
      metrics,
      log,
      followed: () => {
        readiness.followed();
      },
    };
    this.#withoutZooKeeper = settings.requireZooKeeper
      ? requireZooKeeper(session, settings, signal)
      : startWithoutZooKeeper(start, signal);
    this.joined = this.#join();
    // Whoever waits for `joined` is told; a replica that nobody waits for must not end the process.
    this.joined.catch(() => undefined);
  }

  /** Where it answers HTTP, without a slash at its end. */
  get url(): string {
    return this.#parts.server.url;
  }

  /** Whether requests should be sent here. */
  get ready(): boolean {
    return this.#parts.readiness.unready === undefined;
  }

  /** Worker threads that hang and were given up: while there are any, the process does not end by itself. */
  get leftBehind(): readonly string[] {
    return this.#parts.served.leftBehind.names;
  }

  /** Not ready, stop listening, answer what is in flight, unload, sign off from ZooKeeper. Safe to call twice. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #join(): Promise<void> {
    const { session, paths, store, loads, lives, served, readiness, metrics, log } = this.#parts;
    const { signal } = this.#closing;
    const record = {
      url: reachable(this.url),
      host: hostname(),
      pid: process.pid,
      started: new Date().toISOString(),
      build: programVersion(),
    };
    await this.#withoutZooKeeper;
    this.#registration = await registerReplica(session, paths, this.id, record, log);
    log.info({ replica: this.id }, 'this replica is registered');
    await Promise.all([store.claim(), loads?.claim(), lives.claim()]);
    for (const { model, version } of lives.convicted) metrics.quarantines.inc({ model, version });
    if (signal.aborted) return;
    readiness.awaits('the list of models has not been read yet');
    const follow = { replica: this.id, session, paths, served, store, lives, readiness, log };
    this.#following = startHandler(followModels, follow, log);
  }

  async #close(): Promise<void> {
    const { server, session, store, loads, lives, served, observing } = this.#parts;
    this.#closing.abort();
    await Promise.all([loads?.close(), lives.close()]);
    await server.drain();
    // A replica that never joined is still waiting for the ensemble or for its id: closing ends the wait.
    if (this.#registration === undefined) await session[Symbol.asyncDispose]();
    await this.joined.catch(() => undefined);
    await this.#following?.stop();
    await served[Symbol.asyncDispose]();
    // Whoever gets the id next finds the folder as this process leaves it.
    await store[Symbol.asyncDispose]();
    await this.#registration?.[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await Promise.all(observing.map((handler) => handler.stop()));
  }
}

/** A replica whose name is only known once it listens has none: it would be another at the next start. */
function folderOf(settings: ReplicaSettings): string | undefined {
  const { stateDir, zookeeper, root, port } = settings;
  const replica = settings.replica ?? (port === 0 ? undefined : defaultReplica(port));
  return replica === undefined ? undefined : stateFolder({ stateDir, zookeeper, root, replica });
}

/** The URL for others: one that listens on every address is reached by the host's name. */
function reachable(url: string): string {
  return url.replace(/\/\/(0\.0\.0\.0|\[::\])(?=:|$)/, `//${hostname()}`);
}

async function openRepository(models: string): Promise<ModelRepository> {
  const root = resolve(models);
  const found = await stat(root).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new Error(`the model repository ${models} is not a directory; name it with --models`);
  }
  return new ModelRepository(root);
}
