import type { Logger } from 'pino';
import { MemoryRefusedError } from '../errors';
import { Expected } from './expected';
import { LOADING_NEED, WorkerMemory, type MemoryUser, type VersionToLoad } from './worker-memory';

/** Versions that a refusal names: a status record has room for 1 KiB. */
const USERS_NAMED = 5;

/** A version in memory that may be ended to make room. */
export interface Evictable {
  readonly memory: readonly WorkerMemory[];
  /** `performance.now()` when it was last wanted: served, or was named by a request. */
  readonly wantedAt: number;
  /** Requests hold it: it ends when they are answered. */
  readonly held: boolean;
  readonly evict: () => void;
}

export interface MemoryBudgetOptions {
  /** Undefined: everything fits, and is counted all the same. */
  readonly limitBytes?: number | undefined;
  readonly log: Logger;
}

/** A version that is to be loaded, from the asking to its memory or its refusal. */
class Claim {
  readonly outcome = new Expected<readonly WorkerMemory[]>();
  readonly memory: readonly WorkerMemory[];
  readonly bytes: number;

  constructor(
    readonly of: VersionToLoad,
    onGivenBack: (memory: WorkerMemory) => void,
  ) {
    this.memory = Array.from({ length: of.workers }, () => new WorkerMemory(of, onGivenBack));
    this.bytes = sum(this.memory);
  }
}

/**
 * The memory that the versions of all models of a replica may take together, by estimate: of a version's workers
 * while they load, of those that are resident, of those that were told to end and have not. A version is counted
 * before it is loaded, so that loads at the same time see each other.
 */
export class MemoryBudget {
  readonly limitBytes: number | undefined;
  readonly #limit: number;
  readonly #log: Logger;
  readonly #taken = new Set<WorkerMemory>();
  readonly #claims = new Set<Claim>();
  readonly #offers = new Set<() => readonly Evictable[]>();
  #givenBack = new Expected<void>();

  constructor({ limitBytes, log }: MemoryBudgetOptions) {
    this.limitBytes = limitBytes;
    this.#limit = limitBytes ?? Infinity;
    this.#log = log;
  }

  /** `evictable` is asked for what could be ended, whenever room is needed; until the answer is called. */
  offer(evictable: () => readonly Evictable[]): () => void {
    this.#offers.add(evictable);
    return () => this.#offers.delete(evictable);
  }

  /**
   * The memory of each worker of a version, from before it is loaded until it is given back. Where there is too
   * little, versions that may be evicted are, those that no request holds and of these the least recently wanted first,
   * and it resolves when they are gone.
   * Rejects with a {@link MemoryRefusedError} when that would not do, and then evicts nothing; retryable unless
   * the version is larger than the whole budget; with the reason of `signal` when that is aborted while it waits.
   */
  async reserve(version: VersionToLoad, signal?: AbortSignal): Promise<readonly WorkerMemory[]> {
    signal?.throwIfAborted();
    const claim = new Claim(version, this.#onGivenBack);
    this.#claims.add(claim);
    const drop = () => {
      this.#claims.delete(claim);
      // The reason is whatever its owner gave, an Error by default.
      claim.outcome.reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', drop);
    this.#decide(claim);
    try {
      return await claim.outcome.promise;
    } finally {
      signal?.removeEventListener('abort', drop);
    }
  }

  /** Bytes taken by each version, the largest first. */
  get usage(): readonly (MemoryUser & { readonly bytes: number })[] {
    const byVersion = new Map<string, MemoryUser & { bytes: number }>();
    for (const { user, bytes } of this.#taken) {
      const { model, version } = user;
      const key = `${model}/${version}`;
      byVersion.set(key, { model, version, bytes: (byVersion.get(key)?.bytes ?? 0) + bytes });
    }
    return [...byVersion.values()].sort((a, b) => b.bytes - a.bytes);
  }

  readonly #onGivenBack = (memory: WorkerMemory): void => {
    if (memory.released) this.#taken.delete(memory);
    for (const claim of this.#claims) this.#decide(claim);
    const waiting = this.#givenBack;
    this.#givenBack = new Expected();
    waiting.resolve();
  };

  /** Grants, refuses, or leaves the claim to wait for what is going already. */
  #decide(claim: Claim): void {
    if (claim.bytes > this.#limit || !this.#makeRoom(claim)) {
      this.#claims.delete(claim);
      claim.outcome.reject(this.#refusal(claim));
    } else if (sum(this.#taken) + claim.bytes <= this.#limit) {
      this.#claims.delete(claim);
      for (const memory of claim.memory) this.#taken.add(memory);
      claim.outcome.resolve(claim.memory);
    }
  }

  /** Whether the claim and those before it fit once all is gone that is going; evicts what has to go for that. */
  #makeRoom(claim: Claim): boolean {
    let missing = this.#staying() + this.#claimedBefore(claim) + claim.bytes - this.#limit;
    if (missing <= 0) return true;
    const candidates = [...this.#offers].flatMap((evictable) => evictable());
    candidates.sort((a, b) => Number(a.held) - Number(b.held) || a.wantedAt - b.wantedAt);
    if (candidates.reduce((all, { memory }) => all + sum(memory), 0) < missing) return false;
    for (const { memory, evict } of candidates) {
      if (missing <= 0) break;
      missing -= sum(memory);
      const { model, version } = memory[0]?.user ?? {};
      const room = { model: claim.of.model, version: claim.of.version };
      this.#log.info({ model, version, for: room }, 'a version is ended to make room');
      evict();
      for (const part of memory) part.ending();
    }
    return true;
  }

  #staying(): number {
    return sum([...this.#taken].filter(({ going }) => !going));
  }

  /** By claims that came before this one and are waiting; by all that wait when it is none of them. */
  #claimedBefore(claim?: Claim): number {
    let bytes = 0;
    for (const other of this.#claims) {
      if (other === claim) break;
      bytes += other.bytes;
    }
    return bytes;
  }

  #refusal({ of, bytes }: Claim): MemoryRefusedError {
    const each = `${LOADING_NEED} of ${mib(of.fileBytes)}`;
    const needs =
      `version ${of.version} of model ${of.model} needs ${mib(bytes)} while it loads ` +
      `(${of.workers === 1 ? each : `${of.workers} workers, each ${each}`})`;
    const limit = mib(this.#limit);
    if (bytes > this.#limit) {
      const message = `${needs}, more than the whole memory budget of ${limit}`;
      return new MemoryRefusedError(message, false, this.#givenBack.promise);
    }
    const users = this.usage.map(({ model, version, bytes: used }) => `${model} ${version} ${mib(used)}`);
    const claimed = this.#claimedBefore();
    if (claimed > 0) users.push(`versions about to load ${mib(claimed)}`);
    const rest = users.length > USERS_NAMED ? ` and ${users.length - USERS_NAMED} more` : '';
    const taken = `${mib(sum(this.#taken) + claimed)} are taken: ${users.slice(0, USERS_NAMED).join(', ')}${rest}`;
    const message = `${needs}; of the memory budget of ${limit}, ${taken}`;
    return new MemoryRefusedError(message, true, this.#givenBack.promise);
  }
}

function sum(memory: Iterable<WorkerMemory>): number {
  let bytes = 0;
  for (const part of memory) bytes += part.bytes;
  return bytes;
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
