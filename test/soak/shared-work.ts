import { setTimeout as sleep } from 'node:timers/promises';
import { anySignal } from '../../src/any-signal';
import { consume } from '../../src/coordination/consume';
import { enterBarrier } from '../../src/coordination/double-barrier';
import { hasCode } from '../../src/coordination/persistently';
import { WorkQueue } from '../../src/coordination/work-queue';
import { errorMessage } from '../../src/errors';
import type { ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import type { SeededRandom } from '../support/seeded-random';
import { pause } from './pause';

const QUEUE = '/soak/queue';
/** Has to be there. */
export const DONE = '/soak/done';
const BARRIER = '/soak/barrier';
/** Of three workers: so there is always somebody for whom the round has no place. */
const ROUND = 2;
/** Nothing is given up for having been cut off often. */
const NEVER_DEAD = { maxAttempts: 1000 };
const DRAINED_WITHIN_MS = 90_000;

/** Work for several workers: a queue, of which each item has to be done once, and a barrier that they pass in twos. */
export class SharedWork {
  /** Where nothing is once all is done. */
  static readonly directories = [`${QUEUE}/items`, `${QUEUE}/claims`, `${QUEUE}/dead`, BARRIER];
  readonly complaints: string[] = [];
  readonly #put: string[] = [];
  #putTwice = 0;
  /** Who passed the barrier in each round, by its zxid. */
  readonly #rounds = new Map<string, { readonly worker: string; readonly rank: number }[]>();

  get items(): number {
    return this.#put.length;
  }

  /** Those that are in the queue once more, since the first was done before its putter was told of it. */
  get putTwice(): number {
    return this.#putTwice;
  }

  get rounds(): number {
    return this.#rounds.size;
  }

  /** Puts items until `stop` aborts. */
  async put(session: ZooKeeperSession, random: SeededRandom, stop: AbortSignal): Promise<void> {
    const queue = new WorkQueue(session, QUEUE, NEVER_DEAD);
    while (!stop.aborted) {
      const name = `item-${this.#put.length + 1}`;
      await queue.put(Buffer.from(name));
      this.#put.push(name);
      await pause(random.between(100, 1500), stop);
    }
  }

  /** Does items until `stop` aborts, each by a transaction that can succeed once only; some of them fail first. */
  async consume(session: ZooKeeperSession, random: SeededRandom, stop: AbortSignal): Promise<void> {
    await consume(
      new WorkQueue(session, QUEUE, NEVER_DEAD),
      async (item) => {
        await sleep(random.between(0, 100));
        if (random.next() < 0.2) throw new Error('bad luck');
        const path = `${DONE}/${item.data.toString()}`;
        try {
          await item.acknowledge([{ op: 'create', path, data: Buffer.from(item.id) }]);
        } catch (error) {
          if (!hasCode(error, 'NODE_EXISTS')) throw error;
          const done = await session.get(path);
          if (done?.data.toString() === item.id) this.complaints.push(`${path} was done twice`);
          // Another item with the same data: the queue says that a reply to `put` that was lost may come to that.
          else this.#putTwice += 1;
          await item.acknowledge();
        }
      },
      { signal: stop, retryAfterMs: 20 },
    );
  }

  /** Passes the barrier again and again until `stop` aborts; gives up waits now and then. */
  async pass(
    worker: string,
    session: ZooKeeperSession,
    random: SeededRandom,
    stop: AbortSignal,
  ): Promise<void> {
    while (!stop.aborted) {
      const signal = anySignal([stop, AbortSignal.timeout(random.between(50, 5000))]);
      try {
        const entered = await enterBarrier(session, BARRIER, ROUND, { signal });
        const passed = { worker, rank: entered.rank };
        const round = this.#rounds.get(entered.round);
        if (round === undefined) this.#rounds.set(entered.round, [passed]);
        else round.push(passed);
        await pause(random.between(0, 300), stop);
        await entered.leave({ signal });
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      await pause(random.between(100, 1000), stop);
    }
  }

  /** Once nothing more is put, and while somebody consumes: waits until all is done, and says what was not as it must be. */
  async finish(session: ZooKeeperSession): Promise<void> {
    const queue = new WorkQueue(session, QUEUE, NEVER_DEAD);
    try {
      const empty = { waiting: 0, claimed: 0, dead: 0 };
      const left = async (): Promise<string> => JSON.stringify(await queue.depth());
      await eventually(left, (depth) => depth === JSON.stringify(empty), DRAINED_WITHIN_MS);
    } catch (error) {
      this.complaints.push(`the queue was not emptied: ${errorMessage(error)}`);
    }
    const done = new Set((await session.children(DONE))?.names ?? []);
    const lost = this.#put.filter((name) => !done.delete(name));
    if (lost.length > 0) this.complaints.push(`never done: ${lost.join(', ')}`);
    if (done.size > 0) this.complaints.push(`done, and never put: ${[...done].join(', ')}`);
    for (const [round, passed] of this.#rounds) {
      const ranks = new Set(passed.map(({ rank }) => rank));
      if (ranks.size < passed.length || passed.some(({ rank }) => rank >= ROUND))
        this.complaints.push(`round ${round} of the barrier was passed by ${JSON.stringify(passed)}`);
    }
  }
}
