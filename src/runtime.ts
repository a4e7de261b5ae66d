import { stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { programVersion } from './program-version';
import { type RunningHandler, startHandler } from './handlers/event-handler';
import { followModels } from './handlers/follow-models';
import { observeSession } from './handlers/observe-session';
import { Readiness } from './handlers/readiness';
import { ReplicaDataPlane } from './handlers/replica-data-plane';
import { ServedModels } from './handlers/served-models';
import { ModelRepository } from './inference/repository';
import { Metrics } from './metrics';
import { ZnodePaths } from './registry/paths';
import { type ReplicaRegistration, registerReplica } from './registry/register-replica';
import { type HttpServer, startServer } from './server/http-server';
import { defaultReplica, type ReplicaSettings } from './settings';
import { openSession, type ZooKeeperSession } from './streams/session';

/**
 * Starts a replica; resolves when it listens, before it has reached ZooKeeper: health is answered from the
 * first moment and turns ready later. Throws when the model repository is not there or the port is taken.
 */
export async function startReplica(settings: ReplicaSettings, log: Logger): Promise<Replica> {
  const repository = await openRepository(settings.models);
  const metrics = new Metrics();
  const session = openSession({
    connectString: settings.zookeeper,
    sessionTimeoutMs: settings.sessionTimeoutMs,
    ...(settings.auth === undefined ? {} : { auth: settings.auth }),
    log,
  });
  const paths = new ZnodePaths(settings.root, settings.pinned);
  const observing = startHandler(observeSession, { session, metrics, log }, log);
  const served = new ServedModels({ session, paths, repository, handlers: settings.handlers, metrics, log });
  const readiness = new Readiness(served, settings.strictReadiness);
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
    return new Replica(id, { server, session, paths, served, readiness, observing, log });
  } catch (error) {
    await observing.stop();
    await session[Symbol.asyncDispose]();
    throw error;
  }
}

interface Parts {
  readonly server: HttpServer;
  readonly session: ZooKeeperSession;
  readonly paths: ZnodePaths;
  readonly served: ServedModels;
  readonly readiness: Readiness;
  readonly observing: RunningHandler;
  readonly log: Logger;
}

/** A replica at work: it answers HTTP, follows its znodes and reports on them. */
export class Replica implements AsyncDisposable {
  /** Resolves when the ensemble was reached and this replica is registered; rejects when that can never be. */
  readonly joined: Promise<void>;
  readonly #parts: Parts;
  readonly #closing = new AbortController();
  #registration: ReplicaRegistration | undefined;
  #following: RunningHandler | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    readonly id: string,
    parts: Parts,
  ) {
    this.#parts = parts;
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
    return this.#parts.readiness.ready;
  }

  /** Not ready, stop listening, answer what is in flight, unload, sign off from ZooKeeper. Safe to call twice. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #join(): Promise<void> {
    const { session, paths, served, readiness, log } = this.#parts;
    const { signal } = this.#closing;
    const record = {
      url: reachable(this.url),
      host: hostname(),
      pid: process.pid,
      started: new Date().toISOString(),
      build: programVersion(),
    };
    this.#registration = await registerReplica(session, paths, this.id, record, log);
    if (signal.aborted) return;
    this.#following = startHandler(
      followModels,
      {
        replica: this.id,
        session,
        paths,
        served,
        log,
        followed: () => {
          readiness.followed();
        },
      },
      log,
    );
  }

  async #close(): Promise<void> {
    const { server, session, served, observing } = this.#parts;
    this.#closing.abort();
    await server.drain();
    // A replica that never joined is still waiting for the ensemble or for its id: closing ends the wait.
    if (this.#registration === undefined) await session[Symbol.asyncDispose]();
    await this.joined.catch(() => undefined);
    await this.#following?.stop();
    await served[Symbol.asyncDispose]();
    await this.#registration?.[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await observing.stop();
  }
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
