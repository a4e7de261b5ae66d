import { now } from '../clock';
import type { HttpAnswer, HttpConnection } from './http-connection';

export interface ClosedLoopOptions {
  /** Each sends its next request as soon as it has the answer to its last. */
  readonly connections: readonly HttpConnection[];
  /** Sent in turn. */
  readonly requests: readonly Uint8Array[];
  readonly durationMs: number;
  readonly onAnswer?: (answer: HttpAnswer) => void;
}

export interface ClosedLoopResult {
  /** Answered with 200 within the time. */
  readonly answered: number;
  /** Anything else. */
  readonly failed: number;
  readonly perSecond: number;
  readonly latenciesMs: readonly number[];
}

/** Keeps every connection busy for a while; resolves when the last answer is in. */
export async function closedLoop(options: ClosedLoopOptions): Promise<ClosedLoopResult> {
  const { connections, requests, durationMs, onAnswer } = options;
  const latenciesMs: number[] = [];
  const began = now();
  const end = began + durationMs;
  let failed = 0;
  let sent = 0;
  const client = (connection: HttpConnection): Promise<void> =>
    new Promise((resolve) => {
      const next = (): void => {
        const sentAt = now();
        const request = requests[sent++ % requests.length];
        if (sentAt >= end || request === undefined) {
          resolve();
          return;
        }
        connection.send(request, (answer) => {
          const at = now();
          if (answer instanceof Error || answer.status !== 200) failed += 1;
          else if (at < end) latenciesMs.push(at - sentAt);
          if (answer instanceof Error) resolve();
          else {
            onAnswer?.(answer);
            next();
          }
        });
      };
      next();
    });
  await Promise.all(connections.map(client));
  const answered = latenciesMs.length;
  return { answered, failed, perSecond: (answered / durationMs) * 1000, latenciesMs };
}
