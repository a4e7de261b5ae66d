import { RequestError, errorMessage } from '../errors';
import type { HandlerConfig } from '../handler-config';
import type { Admission } from './admission';
import type { AdmittedRequest } from './admitted-request';
import { BatchTime } from './batch-time';
import type { ConfigInForce } from './config-in-force';
import type { Desk, GivenBatch, Runner } from './desk';
import { Line } from './line';
import { batchOf, settle } from './request-batch';
import { withdrawable } from './withdrawal';

/** Bytes of bodies that go to a worker at once; a single request may have more. */
const MAX_BATCH_BYTES = 64 * 1024 * 1024;
/**
 * A batch goes ahead only where its answers are likely to be there within so much of `admission.timeoutMs`. Who is run is
 * decided earlier for it, and what the event loop takes to hear of a batch's end is little beside batches that take long.
 */
const AHEAD_OF_TIMEOUT = 0.1;

export interface BatcherOptions {
  /** One for each worker of the version. */
  readonly runners: readonly Runner[];
  /** false: requests are handed over one by one. */
  readonly batchable: boolean;
  readonly admission: Admission;
  readonly onRows: (rows: number) => void;
  /** Told of each batch that a worker is given, and of its end. */
  readonly work?: { begin(): void; end(): void } | undefined;
}

/**
 * The queue before the workers of one version. Natural batching: a worker has one batch in progress, and when
 * it is free, all that has gathered meanwhile goes to it at once, in order of arrival. Nothing waits for company
 * unless `batching.maxDelayMs` says so. Who has waited so long that its answer would come too late is not run: else, with
 * more requests than can be carried, each batch would be of those that are about to expire, and in vain.
 *
 * Behind a full batch the next one goes ahead, once that is full as well: the worker need not wait then until the event
 * loop, busy with all the requests that are more than it can carry, hears that it is done. What lies there counts as
 * waiting until the batch before it is answered, and can be withdrawn.
 */
export class Batcher {
  readonly #waiting = new Line<AdmittedRequest>(({ inQueue }) => inQueue);
  readonly #desks: readonly Desk[];
  readonly #idle: Desk[];
  readonly #batchable: boolean;
  readonly #admission: Admission;
  readonly #onRows: (rows: number) => void;
  readonly #work: BatcherOptions['work'];
  readonly #time = new BatchTime();
  #turn: NodeJS.Immediate | undefined;
  #delay: NodeJS.Timeout | undefined;

  constructor({ runners, batchable, admission, onRows, work }: BatcherOptions) {
    this.#desks = runners.map((runner) => ({ runner, batches: [] }));
    this.#idle = [...this.#desks];
    this.#batchable = batchable;
    this.#admission = admission;
    this.#onRows = onRows;
    this.#work = work;
  }

  /** How many requests its living workers can have at a time under `config`. */
  capacity(config: HandlerConfig): number {
    let alive = 0;
    for (const { runner } of this.#desks) if (runner.alive) alive += 1;
    return alive * this.#mostOfOne(config);
  }

  add(request: AdmittedRequest): void {
    this.#waiting.add(request);
    // Not at once: whatever else this turn of the event loop reads from its sockets comes along.
    if (this.#idle.length > 0 || this.#mayGoAhead(request.terms.config)) {
      this.#turn ??= setImmediate(this.#dispatch);
    }
  }

  /** A waiting request was settled by someone else. */
  remove(request: AdmittedRequest): void {
    this.#waiting.delete(request);
  }

  /** Fails all that wait. */
  failAll(error: RequestError): void {
    for (const request of this.#waiting) request.fail(error);
  }

  readonly #dispatch = (): void => {
    clearImmediate(this.#turn);
    clearTimeout(this.#delay);
    this.#turn = undefined;
    this.#delay = undefined;
    for (let desk = this.#nextIdle(); desk !== undefined; desk = this.#nextIdle()) {
      const requests = this.#take();
      if (requests.length === 0) {
        this.#idle.push(desk);
        return;
      }
      void this.#run(desk, requests);
    }
    for (const desk of this.#desks) {
      const requests = this.#takeAhead(desk);
      if (requests.length > 0) void this.#run(desk, requests);
    }
  };

  #nextIdle(): Desk | undefined {
    let desk = this.#idle.pop();
    while (desk?.runner.alive === false) desk = this.#idle.pop();
    return desk;
  }

  /** The next batch: requests of one config that are still wanted; empty when it has to wait or nothing does. */
  #take(): AdmittedRequest[] {
    const now = performance.now();
    const first = this.#firstWanted(now);
    if (first === undefined) return [];
    const { config } = first.terms;
    const { batching, admission } = config.config;
    const room = this.#admission.room(admission.maxConcurrent, this.#dispatch);
    const most = Math.min(this.#mostOfOne(config.config), room);
    if (most <= 0) return [];
    const { requests, full } = this.#gather(config, most, now);
    if (!full && batching.maxDelayMs > 0) {
      // Half of the time that the first request can spare: its answer must not come too late by it.
      const { timeoutMs } = admission;
      const spare = timeoutMs - this.#time.expectedMs(timeoutMs);
      const wait = first.request.arrivedAt + Math.min(batching.maxDelayMs, spare / 2) - now;
      if (wait > 0) {
        this.#delay = setTimeout(this.#dispatch, Math.ceil(wait));
        return [];
      }
    }
    return requests;
  }

  /** Requests that one worker can have. */
  #mostOfOne({ batching, admission }: HandlerConfig): number {
    // No worker takes so many that the limit leaves nothing for the others.
    const share = Math.ceil(admission.maxConcurrent / this.#desks.length);
    return Math.min(this.#batchable ? batching.maxRows : 1, share);
  }

  /** Whether enough wait under `config` that a batch might be handed over behind another. */
  #mayGoAhead(config: ConfigInForce): boolean {
    if (this.#waiting.size < this.#mostOfOne(config.config)) return false;
    const { timeoutMs } = config.config.admission;
    const expected = this.#time.expectedMs(timeoutMs);
    return (
      expected > 0 &&
      expected <= timeoutMs * AHEAD_OF_TIMEOUT &&
      !this.#admission.contended &&
      this.#desks.some(({ batches }) => batches.length === 1)
    );
  }

  /** A batch to go behind the one that `desk` runs, both of them full; else empty. */
  #takeAhead({ runner, batches }: Desk): AdmittedRequest[] {
    const [running] = batches;
    if (running === undefined || batches.length > 1 || !runner.alive) return [];
    const now = performance.now();
    const config = this.#firstWanted(now)?.terms.config;
    if (config === undefined || !this.#mayGoAhead(config)) return [];
    const most = this.#mostOfOne(config.config);
    // It takes the places that the one before leaves, so that no more than `maxConcurrent` ever run.
    if (running.requests.length < most) return [];
    const { requests, full } = this.#gather(config, most, now);
    return full ? requests : [];
  }

  #firstWanted(now: number): AdmittedRequest | undefined {
    for (const request of this.#waiting) if (this.#isWanted(request, now)) return request;
    return undefined;
  }

  /** Up to `most` requests in order; `full`: waiting for more would not make the batch larger. */
  #gather(config: ConfigInForce, most: number, now: number): { requests: AdmittedRequest[]; full: boolean } {
    const requests: AdmittedRequest[] = [];
    let bytes = 0;
    for (const request of this.#waiting) {
      if (!this.#isWanted(request, now)) continue;
      bytes += request.request.body.byteLength;
      const fits = requests.length === 0 || bytes <= MAX_BATCH_BYTES;
      if (request.terms.config !== config || !fits) return { requests, full: true };
      requests.push(request);
      if (requests.length === most) return { requests, full: true };
    }
    return { requests, full: false };
  }

  async #run(desk: Desk, requests: readonly AdmittedRequest[]): Promise<void> {
    const { runner, batches } = desk;
    for (const request of requests) this.#waiting.delete(request);
    const batch: GivenBatch = { requests, begunAt: undefined };
    const ahead = batches.push(batch) > 1;
    if (!ahead) this.#begin(batch);
    this.#work?.begin();
    try {
      const answers = await runner.run(batchOf(requests, ahead ? withdrawable(requests) : undefined));
      if (batch.begunAt !== undefined) this.#time.took(performance.now() - batch.begunAt);
      for (const rows of answers.rows) this.#onRows(rows);
      settle(requests, answers);
    } catch (cause) {
      const error =
        cause instanceof RequestError
          ? cause
          : new RequestError('INTERNAL', `a batch could not be run: ${errorMessage(cause)}`, { cause });
      for (const request of requests) request.fail(error);
    }
    this.#work?.end();
    batches.shift();
    const [next] = batches;
    if (next === undefined) this.#idle.push(desk);
    else this.#begin(next);
    if (this.#waiting.size > 0) this.#dispatch();
  }

  /** It is being run now, as far as is known. */
  #begin(batch: GivenBatch): void {
    for (const request of batch.requests) {
      if (!request.waiting) continue;
      batch.begunAt ??= performance.now();
      this.#admission.handOver(request);
    }
  }

  /** Whether a waiting request should still be run; settles it when not. */
  #isWanted(request: AdmittedRequest, now: number): boolean {
    const { timeoutMs } = request.terms.config.config.admission;
    // Who would be late makes way for others. The last is tried: nothing would be gained, and times may be better now.
    const late = this.#waiting.size > 1 && request.deadline <= now + this.#time.expectedMs(timeoutMs);
    if (request.clientGone) request.failGone();
    else if (request.deadline <= now) request.failExpired();
    else if (late) request.failLate();
    if (!request.waiting) this.#waiting.delete(request);
    return request.waiting;
  }
}
