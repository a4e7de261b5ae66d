import { RequestError } from '../errors';
import type { HandlerConfig } from '../handler-config';
import type { AdmittedRequest } from './admitted-request';
import { Crews, type Crew } from './crews';
import { Deadlines } from './deadlines';
import { Expected } from './expected';
import { Line } from './line';

/**
 * Bytes of request bodies that one model has in hand at the most, so that `maxQueued` large ones do not fill the
 * memory. A request that finds nothing else in hand is let in whatever its size.
 */
const MAX_BYTES_IN_HAND = 256 * 1024 * 1024;
/** Milliseconds between two searches of a full queue for clients that have gone: each looks at all that are in hand. */
const SWEEP_INTERVAL_MS = 100;

/**
 * What one model has in hand, whichever of its versions answers it: requests waiting, and requests handed over
 * and not yet answered. Of those that wait, the ones that the workers could have beside what they have fill their next
 * batches and are no queue: `maxQueued` bounds the rest. Limits are those of the config in force when a request arrives.
 */
export class Admission {
  /** Of the versions in memory. */
  readonly crews = new Crews();
  readonly #outstanding = new Line<AdmittedRequest>(({ inHand }) => inHand);
  readonly #deadlines = new Deadlines(this.#outstanding);
  /** Batchers that found no room, by turn, with the limit that they met. */
  readonly #blocked = new Map<() => void, number>();
  #wake: NodeJS.Immediate | undefined;
  #turnOf: (() => void) | undefined;
  #running = 0;
  #bytes = 0;
  #sweptAt = -Infinity;
  #drained: Expected<void> | undefined;
  /** What the last request was refused with while the queue was full. */
  #full: { size: number; atOnce: number; config: HandlerConfig; refusal: Promise<never> } | undefined;

  constructor(readonly model: string) {}

  get waiting(): number {
    return this.#outstanding.size - this.#running;
  }

  /**
   * Undefined when one more request for `crew` may enter; else a promise that is rejected with QUEUE_FULL: it would have to
   * wait behind those that the workers can have at a time, and maxQueued wait there already, or the body of `bytes` does
   * not fit beside theirs. Nothing is thrown, and for a full queue the promise is the same again while the figures
   * are: a flood of refusals should cost little.
   */
  refusal(config: HandlerConfig, bytes: number, crew: Crew): Promise<never> | undefined {
    let place = this.#hasPlace(config, crew);
    if (place && this.#fits(bytes)) return undefined;
    if (this.#sweep()) place = this.#hasPlace(config, crew);
    if (!place) return this.#queueFull(config, crew);
    if (this.#fits(bytes)) return undefined;
    return refused(
      `model ${this.model} has requests with bodies of ${this.#bytes} bytes in hand: ` +
        `${bytes} more do not fit into ${MAX_BYTES_IN_HAND}`,
    );
  }

  enter(request: AdmittedRequest): void {
    this.#outstanding.add(request);
    this.#bytes += request.request.body.byteLength;
    this.#deadlines.watch(request);
  }

  /** Somebody waits for room. */
  get contended(): boolean {
    return this.#blocked.size > 0;
  }

  /**
   * How many more requests may be handed over now. 0 also when others were told 0 before and have not had their
   * turn: then, as when there is no room, `onRoom` is called once it is this caller's turn.
   */
  room(maxConcurrent: number, onRoom: () => void): number {
    const room = maxConcurrent - this.#running;
    if (room > 0 && (this.#blocked.size === 0 || this.#turnOf === onRoom)) {
      this.#turnOf = undefined;
      return room;
    }
    this.#blocked.set(onRoom, maxConcurrent);
    return 0;
  }

  handOver(request: AdmittedRequest): void {
    this.#running += 1;
    request.begin();
  }

  /** Gives back the place of a request that was settled. */
  leave(request: AdmittedRequest, wasRunning: boolean): void {
    this.#outstanding.delete(request);
    this.#bytes -= request.request.body.byteLength;
    if (wasRunning) this.#running -= 1;
    // Once the whole batch is settled, not at its first request.
    if (wasRunning && this.#blocked.size > 0) this.#wake ??= setImmediate(this.#giveTurns);
    if (this.#outstanding.size === 0) this.#drained?.resolve();
  }

  /** Resolves when nothing is in hand; then nothing may enter any more. */
  async drained(): Promise<void> {
    this.#drained ??= new Expected();
    if (this.#outstanding.size > 0) await this.#drained.promise;
    this.#deadlines.stop();
  }

  #hasPlace(config: HandlerConfig, crew: Crew): boolean {
    const atOnce = this.crews.atOnce(config, crew, 1);
    if (this.#outstanding.size + 1 - atOnce <= config.admission.maxQueued) return true;
    // Its own workers have a place for it, though too many wait for those of another version.
    return atOnce > this.crews.atOnce(config, crew, 0);
  }

  #fits(bytes: number): boolean {
    return this.#outstanding.size === 0 || this.#bytes + bytes <= MAX_BYTES_IN_HAND;
  }

  #queueFull(config: HandlerConfig, crew: Crew): Promise<never> {
    const { size } = this.#outstanding;
    const atOnce = this.crews.atOnce(config, crew, 0);
    if (this.#full?.size !== size || this.#full.atOnce !== atOnce || this.#full.config !== config) {
      const { maxConcurrent, maxQueued } = config.admission;
      const fewer =
        atOnce < maxConcurrent ? ` ${maxConcurrent}, of which the workers can have ${atOnce}` : '';
      const refusal = refused(
        `model ${this.model} has ${size} requests in hand: at most ${atOnce} run or go next and ${maxQueued} ` +
          `wait behind them (admission.maxConcurrent${fewer}; admission.maxQueued)`,
      );
      this.#full = { size, atOnce, config, refusal };
    }
    return this.#full.refusal;
  }

  readonly #giveTurns = (): void => {
    this.#wake = undefined;
    for (const [onRoom, maxConcurrent] of [...this.#blocked]) {
      if (this.#running >= maxConcurrent) return;
      this.#blocked.delete(onRoom);
      this.#turnOf = onRoom;
      onRoom();
      this.#turnOf = undefined;
    }
  };

  /** Whether it was time for one. */
  #sweep(): boolean {
    const now = performance.now();
    if (now - this.#sweptAt < SWEEP_INTERVAL_MS) return false;
    this.#sweptAt = now;
    for (const request of this.#outstanding) {
      if (request.waiting && request.clientGone) request.failGone();
    }
    return true;
  }
}

function refused(message: string): Promise<never> {
  const refusal = Promise.reject(new RequestError('QUEUE_FULL', message));
  // Handled already, so that Node.js need not keep an eye on it for each request that gets it.
  refusal.catch(() => undefined);
  return refusal;
}
