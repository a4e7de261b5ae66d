import { RequestError } from '../errors';
import type { ConfigInForce } from './config-in-force';
import type { InferenceAnswer, InferenceRequest } from './inference-request';
import { noPlace } from './line';

/** What a request began with and keeps to its end. */
export interface Terms {
  readonly version: string;
  readonly versionStamp: string | undefined;
  readonly config: ConfigInForce;
}

/**
 * A request that has been let in, from there to its one answer. It is settled exactly once, by whoever comes
 * first: the worker's answer, the deadline, the client that has gone, the worker's end. `onSettled` gives back
 * what the request holds.
 */
export class AdmittedRequest {
  readonly answer: Promise<InferenceAnswer>;
  /** `performance.now()` past which the answer is 504. */
  readonly deadline: number;
  readonly inHand = noPlace<AdmittedRequest>();
  readonly inQueue = noPlace<AdmittedRequest>();
  #phase: 'WAITING' | 'RUNNING' | 'SETTLED' = 'WAITING';
  #ahead: { readonly withdraw: () => void; readonly stopListening: () => void } | undefined;
  #resolve!: (answer: InferenceAnswer) => void;
  #reject!: (error: RequestError) => void;
  readonly #onSettled: (request: AdmittedRequest, wasRunning: boolean) => void;

  constructor(
    readonly request: InferenceRequest,
    readonly terms: Terms,
    onSettled: (request: AdmittedRequest, wasRunning: boolean) => void,
  ) {
    this.deadline = request.arrivedAt + terms.config.config.admission.timeoutMs;
    this.#onSettled = onSettled;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get waiting(): boolean {
    return this.#phase === 'WAITING';
  }

  get clientGone(): boolean {
    return this.request.signal?.aborted === true;
  }

  /**
   * It lies with a worker that is busy with others. Until it begins it is settled at once when its client goes, and
   * whatever settles it calls `withdraw`.
   */
  lieAhead(withdraw: () => void): void {
    const { signal } = this.request;
    const onGone = (): void => {
      this.failGone();
    };
    const stopListening = (): void => signal?.removeEventListener('abort', onGone);
    signal?.addEventListener('abort', onGone);
    this.#ahead = { withdraw, stopListening };
  }

  /** It is run by a worker. */
  begin(): void {
    this.#phase = 'RUNNING';
    this.#ahead?.stopListening();
    this.#ahead = undefined;
  }

  succeed(body: Uint8Array, jsonLength: number): void {
    if (!this.#settle()) return;
    const { version, versionStamp, config } = this.terms;
    this.#resolve({ body, jsonLength, version, versionStamp, configStamp: config.stamp });
  }

  fail(error: RequestError): void {
    if (this.#settle()) this.#reject(error);
  }

  /** Its deadline has passed. */
  failExpired(): void {
    this.#failForTime('no answer');
  }

  /** Its deadline will have passed before it can be answered. */
  failLate(): void {
    this.#failForTime('not run, since no answer could be expected');
  }

  failGone(): void {
    this.fail(new RequestError('CLIENT_GONE', 'the client went away before the request was run'));
  }

  #failForTime(what: string): void {
    const { timeoutMs } = this.terms.config.config.admission;
    this.fail(new RequestError('DEADLINE_EXCEEDED', `${what} within ${timeoutMs} ms (admission.timeoutMs)`));
  }

  #settle(): boolean {
    if (this.#phase === 'SETTLED') return false;
    const wasRunning = this.#phase === 'RUNNING';
    this.#phase = 'SETTLED';
    this.#ahead?.stopListening();
    this.#ahead?.withdraw();
    this.#ahead = undefined;
    this.#onSettled(this, wasRunning);
    return true;
  }
}
