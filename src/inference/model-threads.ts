import { LoadTimeoutError, ModelError, RequestError, errorMessage } from '../errors';
import type { Departure } from './departure';
import type { Runner } from './desk';
import { ModelThread } from './model-thread';
import type { ModelThreadOptions } from './model-thread-options';
import type { ModelFiles } from './repository';
import type { WorkerMemory } from './worker-memory';
import type { ParamsEpoch, ParamsRefusal, WorkerReady } from './worker/protocol';

/**
 * Starts a thread of one version for each of `memory`, all together, and waits until each is ready; `onPhase` hears the
 * first of them. When one of them fails the others are ended, and then it rejects with the ModelError of that one; with
 * a {@link LoadTimeoutError}, whatever else failed, when some were not ready in time. DIGEST_MISMATCH, retryable, when
 * they read different files: the version was changed meanwhile. MEMORY_REFUSED, retryable, when the system has no thread
 * to give. Memory is released as threads are gone.
 */
export async function startModelThreads(
  memory: readonly WorkerMemory[],
  options: ModelThreadOptions,
): Promise<ModelThreads> {
  const { onPhase, ...quiet } = options;
  const threads: ModelThread[] = [];
  let refused: ModelError | undefined;
  try {
    for (const of of memory) threads.push(startIn(of, threads.length === 0 ? { ...quiet, onPhase } : quiet));
  } catch (cause) {
    const message = `no thread could be started: ${errorMessage(cause)}`;
    refused = new ModelError('MEMORY_REFUSED', message, true, { cause });
    for (const unused of memory.slice(threads.length)) unused.release();
  }
  const outcomes = await Promise.allSettled(threads.map(({ started }) => started));
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected').map(reasonOf);
  const ready = threads.filter((_, index) => outcomes[index]?.status === 'fulfilled');
  try {
    requireNoneLate(failures);
    if (refused !== undefined) throw refused;
    if (failures.length > 0) throw failures[0];
    requireSame(
      ready.map((thread) => thread.ready),
      options.data.files,
    );
  } catch (error) {
    await Promise.all(ready.map((thread) => thread.end()));
    throw error;
  }
  return new ModelThreads(ready, memory);
}

/**
 * The worker threads of one version as it was loaded once: all of the same bytes, under the same `session` config.
 * It answers for as long as one of them lives.
 */
export class ModelThreads {
  /** What the slowest of them said. */
  readonly ready: WorkerReady;
  readonly #threads: readonly ModelThread[];

  /** `threads` are ready and alike, at least one. */
  constructor(
    threads: readonly ModelThread[],
    /** Of each thread, in their order. */
    readonly memory: readonly WorkerMemory[],
  ) {
    const said = threads.map(({ ready }) => ready);
    this.ready = said.reduce((slowest, other) => (total(other) > total(slowest) ? other : slowest));
    this.#threads = threads;
  }

  get runners(): readonly Runner[] {
    return this.#threads;
  }

  /** Threads that can answer. */
  get living(): number {
    return this.#threads.filter(({ alive }) => alive).length;
  }

  /** Milliseconds for which all that live have given no sign of life, each at work; see {@link ModelThread.silentMs}. */
  get silentMs(): number {
    let least = Infinity;
    for (const thread of this.#threads) if (thread.alive) least = Math.min(least, thread.silentMs);
    return least;
  }

  /** Threads that it began with. */
  get wanted(): number {
    return this.#threads.length;
  }

  /** Calls `onGone` for each thread once that is gone, with the reason. */
  watch(onGone: (departure: Departure) => void): void {
    for (const { gone } of this.#threads) void gone.then(onGone);
  }

  /** What the model's handler has against `params`; whichever thread lives is asked. Rejects with NOT_READY. */
  async checkParams(params: ParamsEpoch): Promise<ParamsRefusal | undefined> {
    let refused: unknown = new RequestError('NOT_READY', 'every worker of the version has ended');
    for (const thread of this.#threads) {
      try {
        return await thread.checkParams(params);
      } catch (error) {
        refused = error;
        if (thread.alive) break;
      }
    }
    throw refused;
  }

  /** Asks all of them to end; see {@link ModelThread.end}. */
  async end(): Promise<void> {
    await Promise.all(
      this.#threads.map(async (thread, index) => {
        this.memory[index]?.ending();
        await thread.end();
        // Released already, unless the thread was left behind.
        this.memory[index]?.stuck();
      }),
    );
  }
}

function reasonOf({ reason }: PromiseRejectedResult): unknown {
  return reason;
}

/** @throws LoadTimeoutError of the first that is late, which ends when all of them have. */
function requireNoneLate(failures: readonly unknown[]): void {
  const late = failures.filter((failure) => failure instanceof LoadTimeoutError);
  const [first] = late;
  if (first === undefined) return;
  throw new LoadTimeoutError(first.message, Promise.all(late.map(({ ended }) => ended)));
}

function startIn(memory: WorkerMemory, options: ModelThreadOptions): ModelThread {
  const thread = new ModelThread(options);
  const settle = () => {
    memory.settle();
  };
  thread.started.then(settle, () => undefined);
  void thread.exited.then(() => {
    memory.release();
  });
  return thread;
}

function total({ ms }: WorkerReady): number {
  return ms.fetch + ms.load + ms.warm;
}

/** @throws ModelError DIGEST_MISMATCH, retryable, when workers of one version speak of different files. */
export function requireSame(said: readonly WorkerReady[], { model, version }: ModelFiles): void {
  const read = said.map(({ sha256, beside, signature }) => JSON.stringify([sha256, beside, signature]));
  if (read.every((one) => one === read[0])) return;
  throw new ModelError(
    'DIGEST_MISMATCH',
    `the workers of model ${model} version ${version} did not read the same files: were they changed meanwhile?`,
    true,
  );
}
