import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../../src/errors';
import { SeededRandom } from '../support/seeded-random';
import type { Rig } from './rig';

/** What a lane has decided to do next. */
export interface Decision {
  /** In the summary such decisions are counted together. */
  readonly kind: string;
  /** All of it, in words: the same seed gives the same ones, in the same order. */
  readonly words: string;
  /** How long the lane does nothing afterwards. */
  readonly calmMs: number;
  /** Carries it out, and undoes what is to be undone; a pause in it ends early when `stop` aborts. */
  readonly act: (rig: Rig, stop: AbortSignal) => Promise<unknown>;
}

/** One of the sequences of events that run beside each other. */
export interface Lane {
  readonly name: string;
  /** Depends on nothing but the numbers that it draws. */
  readonly decide: (random: SeededRandom) => Decision;
}

/** Lines such as `  12.3 s  servers   #4  kill the leader, for 1.2 s`. */
export type Tell = (lane: string, line: string) => void;

export interface LaneOutcome {
  readonly lane: string;
  readonly counts: ReadonlyMap<string, number>;
  readonly complaints: readonly string[];
}

/** Numbers of its own for each name: they do not depend on what the others draw. */
export function seededFor(name: string, seed: number): SeededRandom {
  return new SeededRandom(Buffer.from(name).reduce((sum, byte) => Math.imul(sum, 31) + byte, seed));
}

/** Decides and acts until `stop` aborts; what goes wrong in the rig itself ends the lane and is told. */
export async function runLane(
  lane: Lane,
  seed: number,
  rig: Rig,
  { stop, tell }: { readonly stop: AbortSignal; readonly tell: Tell },
): Promise<LaneOutcome> {
  const random = seededFor(lane.name, seed);
  const counts = new Map<string, number>();
  for (let number = 1; !stop.aborted; number += 1) {
    const { kind, words, calmMs, act } = lane.decide(random);
    tell(lane.name, `#${number}  ${words}`);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    try {
      const outcome = await act(rig, stop);
      if (typeof outcome === 'string') tell(lane.name, `#${number}  ${outcome}`);
    } catch (error) {
      const complaint = `${lane.name} #${number} (${words}): ${errorMessage(error)}`;
      tell(lane.name, `#${number}  WRONG, and nothing more here: ${errorMessage(error)}`);
      return { lane: lane.name, counts, complaints: [complaint] };
    }
    await pause(calmMs, stop);
  }
  return { lane: lane.name, counts, complaints: [] };
}

/** Ends early, and without an error, when `stop` aborts. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal: stop });
  } catch {
    // The run is over.
  }
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
