import { errorMessage } from '../../src/errors';
import { SeededRandom } from '../support/seeded-random';
import { pause } from './pause';
import type { Rig } from './rig';

/** What came of a decision. */
export interface Outcome {
  /** Whether it had anything to act on: a session to expire, bytes to hold back. Only then it counts as done. */
  readonly took: boolean;
  /** In words, where there is something to tell. */
  readonly words?: string;
}

/** What a lane has decided to do next. */
export interface Decision<Kind extends string = string> {
  /** In the summary such decisions are counted together. */
  readonly kind: Kind;
  /** All of it, in words: the same seed gives the same ones, in the same order. */
  readonly words: string;
  /** How long the lane does nothing afterwards. */
  readonly calmMs: number;
  /** Carries it out, and undoes what is to be undone; a pause in it ends early when `stop` aborts. */
  readonly act: (rig: Rig, stop: AbortSignal) => Promise<Outcome>;
}

/** One of the sequences of events that run beside each other. */
export interface Lane {
  readonly name: string;
  /** Of decisions: each of them comes again and again. */
  readonly kinds: readonly string[];
  /** Its decisions, one by one, depend on nothing but the numbers that it draws. */
  readonly decisions: (random: SeededRandom) => () => Decision;
}

/** Lines such as `  12.3 s  servers   #4  kill the leader, for 1.2 s`. */
export type Tell = (lane: string, line: string) => void;

/** How often something was decided, and how often it took hold. */
export interface Count {
  readonly decided: number;
  readonly took: number;
}

export interface LaneOutcome {
  readonly lane: string;
  /** By kind, all of them. */
  readonly counts: ReadonlyMap<string, Count>;
  readonly complaints: readonly string[];
}

/** Numbers of its own for each name: they do not depend on what the others draw. */
export function seededFor(name: string, seed: number): SeededRandom {
  return new SeededRandom(Buffer.from(name).reduce((sum, byte) => Math.imul(sum, 31) + byte, seed));
}

/** A lane under way: it goes on where it stopped. */
export class RunningLane implements LaneOutcome {
  readonly lane: string;
  readonly counts: Map<string, Count>;
  readonly complaints: string[] = [];
  readonly #decide: () => Decision;
  #number = 0;

  constructor(
    { name, kinds, decisions }: Lane,
    seed: number,
    private readonly rig: Rig,
    private readonly tell: Tell,
  ) {
    this.lane = name;
    this.counts = new Map(kinds.map((kind) => [kind, { decided: 0, took: 0 }]));
    this.#decide = decisions(seededFor(name, seed));
  }

  /** Decides and acts until `stop` aborts; what goes wrong in the rig itself ends the lane for good and is told. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted && this.complaints.length === 0) {
      const decision = this.#decide();
      this.#number += 1;
      await this.#carryOut(decision, stop);
      await pause(decision.calmMs, stop);
    }
  }

  async #carryOut({ kind, words, act }: Decision, stop: AbortSignal): Promise<void> {
    const told = (what: string): void => {
      this.tell(this.lane, `#${this.#number}  ${what}`);
    };
    told(words);
    try {
      const outcome = await act(this.rig, stop);
      const { decided, took } = this.counts.get(kind) ?? { decided: 0, took: 0 };
      this.counts.set(kind, { decided: decided + 1, took: took + (outcome.took ? 1 : 0) });
      if (outcome.words !== undefined) told(outcome.words);
      else if (!outcome.took) told('it met with nothing');
    } catch (error) {
      told(`WRONG, and nothing more here: ${errorMessage(error)}`);
      this.complaints.push(`${this.lane} #${this.#number} (${words}): ${errorMessage(error)}`);
    }
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
