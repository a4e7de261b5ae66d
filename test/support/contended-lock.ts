import { setTimeout as sleep } from 'node:timers/promises';
import { filter, firstValueFrom, Subject } from 'rxjs';
import { anySignal } from '../../src/any-signal';
import type { HeldLock } from '../../src/coordination/held-lock';
import { acquireLock } from '../../src/coordination/lock';
import { CoordinationError, ZooKeeperError } from '../../src/errors';
import type { ZooKeeperSession } from '../../src/streams/session';
import type { SeededRandom } from './seeded-random';

export interface Contention {
  readonly random: SeededRandom;
  readonly stop: AbortSignal;
  /** Up to so long before each entry in the log, by a holder. */
  readonly workMs: number;
}

interface Entry {
  readonly token: string;
  readonly worker: string;
  /** Where in the order of all writes ZooKeeper took it. */
  readonly zxid: string;
}

/**
 * A lock that workers contend for, and what only its holder may do: write its fencing token to a log, by a transaction
 * that is guarded as `HeldLock.commit` guards it.
 */
export class ContendedLock {
  /** Tokens of all who held it, in the order in which they were told. */
  readonly tokens: string[] = [];
  readonly #acquired$ = new Subject<string>();
  readonly #beliefs = new Beliefs();

  constructor(
    readonly path: string,
    readonly log: string,
  ) {}

  /** Acquires, writes and releases again and again; gives up waits now and then. */
  async contend(worker: string, session: ZooKeeperSession, contention: Contention): Promise<void> {
    const { random, stop, workMs } = contention;
    while (!stop.aborted) {
      const patience = AbortSignal.timeout(random.between(20, 3000));
      const signal = anySignal([stop, patience]);
      const lock = await acquireLock(session, this.path, { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        return undefined;
      });
      if (lock === undefined) continue;
      this.tokens.push(lock.token);
      this.#beliefs.follow(worker, lock);
      this.#acquired$.next(worker);
      for (let entries = random.between(1, 4); entries > 0; entries -= 1) {
        await sleep(random.between(0, workMs));
        // It goes on writing while it is in doubt, as a holder that was not told in time would.
        await this.#record(lock, worker);
      }
      const released = lock.release();
      if (random.next() < 0.5) await released;
    }
  }

  /** Resolves when `worker` has just acquired the lock, before it does anything with it. */
  async acquiredBy(worker: string): Promise<void> {
    const acquired$ = this.#acquired$.pipe(filter((by) => by === worker));
    await firstValueFrom(acquired$, { defaultValue: worker });
  }

  /** Who believes to hold it. */
  get believers(): readonly string[] {
    return this.#beliefs.believers;
  }

  /** What was not as it must be; nothing, if the lock is one. */
  async complaints(session: ZooKeeperSession): Promise<string[]> {
    const entries = await this.entries(session);
    const complaints = this.#beliefs.violations.map((both) => `held by ${both} at once`);
    if (new Set(this.tokens).size < this.tokens.length) complaints.push('a token was given to two holders');
    if (!ascending(entries.map(({ token }) => token))) complaints.push('the log has tokens out of order');
    const writers = new Map<string, Set<string>>();
    for (const { token, worker } of entries)
      writers.set(token, (writers.get(token) ?? new Set()).add(worker));
    for (const [token, of] of writers) {
      if (of.size > 1) complaints.push(`${[...of].join(' and ')} wrote under one token, ${token}`);
    }
    return complaints;
  }

  /** The log, in ZooKeeper's own order. */
  async entries(session: ZooKeeperSession): Promise<Entry[]> {
    const names = (await session.children(this.log))?.names ?? [];
    const nodes = await Promise.all(names.map((name) => session.get(`${this.log}/${name}`)));
    return nodes
      .flatMap((node) => {
        if (node === undefined) return [];
        // Written by #record.
        const { token, worker } = JSON.parse(node.data.toString()) as { token: string; worker: string };
        return [{ token, worker, zxid: node.stat.czxid }];
      })
      .sort((a, b) => (a.zxid < b.zxid ? -1 : 1));
  }

  async #record(lock: HeldLock, worker: string): Promise<void> {
    const data = Buffer.from(JSON.stringify({ token: lock.token, worker }));
    try {
      await lock.commit([{ op: 'create', path: `${this.log}/entry-`, data, mode: 'PERSISTENT_SEQUENTIAL' }]);
    } catch (error) {
      const lost = error instanceof CoordinationError && error.code === 'NOT_HELD';
      const broken = error instanceof ZooKeeperError && error.outcome.retryable;
      if (!lost && !broken) throw error;
    }
  }
}

/** Who believes to hold the lock, from what it is told. */
class Beliefs {
  readonly violations: string[] = [];
  readonly #believers = new Set<string>();

  get believers(): readonly string[] {
    return [...this.#believers];
  }

  follow(worker: string, lock: HeldLock): void {
    lock.state$.subscribe((state) => {
      if (state === 'HELD') this.#believers.add(worker);
      else this.#believers.delete(worker);
      if (this.#believers.size > 1) this.violations.push([...this.#believers].join(' and '));
    });
  }
}

function ascending(tokens: readonly string[]): boolean {
  return tokens.every((token, i) => i === 0 || token >= (tokens[i - 1] ?? ''));
}
