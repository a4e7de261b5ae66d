import { setTimeout as sleep } from 'node:timers/promises';
import { anySignal } from '../../src/any-signal';
import { consume } from '../../src/coordination/consume';
import { enterBarrier, type EnterOptions } from '../../src/coordination/double-barrier';
import type { EnteredBarrier } from '../../src/coordination/entered-barrier';
import { hasCode } from '../../src/coordination/persistently';
import { WorkQueue } from '../../src/coordination/work-queue';
import { errorMessage } from '../../src/errors';
import type { ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import type { SeededRandom } from '../support/seeded-random';
import { roundsOf, wrongRounds, type Passed, type Visit } from './barrier-rounds';
import { heardOf, interruptionsWithin } from './heard-session';
import { pause } from './pause';
import { PutItems } from './put-items';

const QUEUE = '/soak/queue';
/** Has to be there. */
export const DONE = '/soak/done';
const BARRIER = '/soak/barrier';
/** Of three workers: so there is always somebody for whom the round has no place. */
const ROUND = 2;
/** Nothing is given up for having been cut off often. */
const NEVER_DEAD = { maxAttempts: 1000 };
const DRAINED_WITHIN_MS = 90_000;

/** `enterBarrier`, or another one, to see that it would be found out. */
export type Enter = (
  session: ZooKeeperSession,
  directory: string,
  size: number,
  options: EnterOptions,
) => Promise<Pick<EnteredBarrier, 'round' | 'rank' | 'size' | 'openedAt' | 'leave'>>;

/** What was done, as counted. */
export interface WorkDone {
  readonly put: number;
  /** Of different data. */
  readonly done: number;
  /** Beyond those that were put: a reply to `put` was lost, and the item was done before it was put again. */
  readonly doubled: number;
  readonly rounds: number;
  /** By one worker each. */
  readonly passed: number;
}

/** Work for several workers: a queue, of which each item has to be done once, and a barrier that they pass in twos. */
export class SharedWork {
  /** Where nothing is once all is done. */
  static readonly directories = [`${QUEUE}/items`, `${QUEUE}/claims`, `${QUEUE}/dead`, BARRIER];
  readonly complaints: string[] = [];
  readonly #items = new PutItems();
  readonly #visits: Visit[] = [];
  #done = 0;

  constructor(private readonly enter: Enter = enterBarrier) {}

  /** Once it has finished; before that nothing counts as done. */
  get counted(): WorkDone {
    const rounds = roundsOf(this.#visits);
    return {
      put: this.#items.names.length,
      done: this.#done,
      doubled: this.#items.doubled,
      rounds: rounds.length,
      passed: rounds.flat().length,
    };
  }

  /** Puts items until `stop` aborts. */
  async put(session: ZooKeeperSession, random: SeededRandom, stop: AbortSignal): Promise<void> {
    const queue = new WorkQueue(session, QUEUE, NEVER_DEAD);
    const heard = heardOf(session);
    while (!stop.aborted) {
      const name = `item-${this.#items.names.length + 1}`;
      const began = performance.now();
      await queue.put(Buffer.from(name));
      this.#items.put(name, interruptionsWithin(heard, began, performance.now()));
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
          else this.#items.again(item.data.toString(), item.id);
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
    const heard = heardOf(session);
    while (!stop.aborted) {
      const signal = anySignal([stop, AbortSignal.timeout(random.between(50, 5000))]);
      const visit: Visit = { worker, heard, came: performance.now() };
      this.#visits.push(visit);
      try {
        const entered = await this.enter(session, BARRIER, ROUND, { signal });
        visit.passed = passedNow(entered);
        await pause(random.between(0, 300), stop);
        visit.leaving = performance.now();
        await entered.leave({ signal });
        visit.left = performance.now();
      } catch (error) {
        if (visit.passed === undefined) visit.gaveUp = performance.now();
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
    this.#done = done.size;
    const lost = this.#items.names.filter((name) => !done.delete(name));
    if (lost.length > 0) this.complaints.push(`never done: ${lost.join(', ')}`);
    if (done.size > 0) this.complaints.push(`done, and never put: ${[...done].join(', ')}`);
    this.complaints.push(...this.#items.complaints(), ...wrongRounds(ROUND, this.#visits));
  }
}

function passedNow({ round, rank, size, openedAt }: Awaited<ReturnType<Enter>>): Passed {
  const at = performance.now();
  return { at, openedAt: at - (Date.now() - openedAt), round, rank, size };
}
