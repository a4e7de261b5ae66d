import { now } from '../clock';
import { ArrivalClock } from './arrival-clock';
import type { HttpAnswer, HttpConnection } from './http-connection';

/** How long answers are waited for after the last arrival. */
const PATIENCE_MS = 15_000;

export interface OpenLoopOptions {
  /**
   * Enough of them that a slow server does not slow the arrivals; beyond them requests wait here, and the wait counts.
   * Used in turn: a server closes one that never asks for anything.
   */
  readonly connections: readonly HttpConnection[];
  /** Sent in turn. */
  readonly requests: readonly Uint8Array[];
  /** When requests arrive, milliseconds from `beginsAt`, ascending. */
  readonly arrivals: Float64Array;
  /** By the clock of `../clock`. */
  readonly beginsAt: number;
  readonly onAnswer?: (answer: HttpAnswer) => void;
}

/** One entry for each arrival. */
export interface OpenLoopResult {
  readonly arrivals: Float64Array;
  /**
   * From the moment at which the request was to arrive, whenever the generator got to send it, to its answer;
   * Infinity without one.
   */
  readonly latenciesMs: Float64Array;
  /** 0 without an answer. */
  readonly statuses: Uint16Array;
  /** How much later than it was to arrive each was sent; part of the latency. */
  readonly latenessMs: Float64Array;
}

/**
 * Sends requests at the moments given, however long the answers take: what a server does to one client's wait
 * does not spare it the next client's request (no coordinated omission). Resolves when the last answer is in.
 */
export async function openLoop(options: OpenLoopOptions): Promise<OpenLoopResult> {
  const { requests, arrivals, beginsAt, onAnswer } = options;
  const count = arrivals.length;
  const latenciesMs = new Float64Array(count).fill(Infinity);
  const latenessMs = new Float64Array(count);
  const statuses = new Uint16Array(count);
  const idle = [...options.connections];
  let next = 0;
  let due = 0;
  let settled = 0;
  await using clock = new ArrivalClock();
  let patience: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    const lastAt = beginsAt + (arrivals.at(-1) ?? 0);
    patience = setTimeout(resolve, lastAt + PATIENCE_MS - now());
    const sendDue = (): void => {
      for (; next < due; next += 1) {
        const connection = idle.shift();
        if (connection === undefined) return;
        send(connection, next);
      }
    };
    const send = (connection: HttpConnection, index: number): void => {
      const intended = beginsAt + (arrivals[index] ?? 0);
      latenessMs[index] = now() - intended;
      connection.send(requests[index % requests.length] ?? Buffer.alloc(0), (answer) => {
        settled += 1;
        if (!(answer instanceof Error)) {
          latenciesMs[index] = now() - intended;
          statuses[index] = answer.status;
          idle.push(connection);
          onAnswer?.(answer);
          sendDue();
        }
        if (settled === count) resolve();
      });
    };
    if (count === 0) resolve();
    clock.start({ beginsAt, arrivals }, (told) => {
      due = told;
      sendDue();
    });
  });
  clearTimeout(patience);
  return { arrivals, latenciesMs, statuses, latenessMs };
}
