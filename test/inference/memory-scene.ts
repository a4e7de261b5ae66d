import pino from 'pino';
import { MemoryBudget, type Evictable } from '../../src/inference/memory-budget';
import type { WorkerMemory } from '../../src/inference/worker-memory';

export const MIB = 2 ** 20;
export const log = pino({ level: 'silent' });

export function budgetOf(mib: number): MemoryBudget {
  return new MemoryBudget({ limitBytes: mib * MIB, log });
}

/** A version of one worker that takes `mib` MiB while it loads, unless it is said to have more. */
export function version(name: string, mib: number, workers = 1) {
  const [model = '', number = ''] = name.split(' ');
  return { model, version: number, fileBytes: ((mib - 20) / 3) * MIB, workers };
}

export function taken(budget: MemoryBudget): Record<string, number> {
  return Object.fromEntries(budget.usage.map((one) => [`${one.model} ${one.version}`, one.bytes / MIB]));
}

/** Versions of which nobody needs any; ending one takes until `gone`. */
export class Kept {
  readonly evicted: string[] = [];
  readonly #kept: (Evictable & { readonly name: string })[] = [];

  constructor(budget: MemoryBudget) {
    budget.offer(() => this.#kept);
  }

  keep(memory: readonly WorkerMemory[], wantedAt: number, held = false): void {
    const { model, version } = memory[0]!.user;
    const name = `${model} ${version}`;
    this.#kept.push({
      name,
      memory,
      wantedAt,
      held,
      evict: () => {
        this.evicted.push(name);
        this.#kept.splice(
          this.#kept.findIndex((one) => one.name === name),
          1,
        );
      },
    });
  }
}

export function gone(memory: readonly WorkerMemory[]): void {
  for (const part of memory) part.release();
}

export async function settled(outcome: Promise<unknown>): Promise<'waits' | 'granted' | 'refused'> {
  let seen: 'waits' | 'granted' | 'refused' = 'waits';
  outcome.then(
    () => (seen = 'granted'),
    () => (seen = 'refused'),
  );
  await new Promise(setImmediate);
  return seen;
}
