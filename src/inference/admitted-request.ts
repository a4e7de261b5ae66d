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

  /** It is handed over to a worker. */
  begin(): void {
    this.#phase = 'RUNNING';
  }

  succeed(body: Uint8Array, jsonLength: number): void {
    if (!this.#settle()) return;
    const { version, versionStamp, config } = this.terms;
    this.#resolve({ body, jsonLength, version, versionStamp, configStamp: config.stamp });
  }

  fail(error: RequestError): void {
    if (this.#settle()) this.#reject(error);
  }

  /** Its deadline has passed, or will have before it can be answered. */
  failExpired(): void {
    const { timeoutMs } = this.terms.config.config.admission;
    this.fail(
      new RequestError('DEADLINE_EXCEEDED', `no answer within ${timeoutMs} ms (admission.timeoutMs)`),
    );
  }

  failGone(): void {
    this.fail(new RequestError('CLIENT_GONE', 'the client went away before the request was run'));
  }

  #settle(): boolean {
    if (this.#phase === 'SETTLED') return false;
    const wasRunning = this.#phase === 'RUNNING';
    this.#phase = 'SETTLED';
    this.#onSettled(this, wasRunning);
    return true;
  }
}
