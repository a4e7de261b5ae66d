export interface HearingListener {
  /** A request is to be sent that is answered at once. */
  ping(): void;
  unheard(why: string): void;
}

/**
 * Watches whether the server of a connection still hears us: that it answers. What it sends by itself is no sign
 * of that. Unheard is who got no answer to anything sent in the last two thirds of the session timeout. Only after a
 * pause of the whole process, when an answer waited meanwhile, it may take longer, never as long as the timeout.
 */
export class Hearing {
  readonly #timeoutMs: number;
  readonly #listener: HearingListener;
  #lastAnsweredSentAt: number;
  #lastAnswerAt = performance.now();
  #timer: NodeJS.Timeout;
  #stopped = false;

  /** @param sentAt when the request was sent that opened the connection, by `performance.now()` */
  constructor(timeoutMs: number, sentAt: number, listener: HearingListener) {
    this.#timeoutMs = timeoutMs;
    this.#listener = listener;
    this.#lastAnsweredSentAt = sentAt;
    this.#timer = this.#lookAt(sentAt + this.#allowedMs);
  }

  get lastAnsweredSentAt(): number {
    return this.#lastAnsweredSentAt;
  }

  answered(sentAt: number | undefined): void {
    this.#lastAnswerAt = performance.now();
    if (sentAt !== undefined) this.#lastAnsweredSentAt = Math.max(this.#lastAnsweredSentAt, sentAt);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  get #allowedMs(): number {
    return (this.#timeoutMs * 2) / 3;
  }

  #lookAt(dueAt: number): NodeJS.Timeout {
    return setTimeout(
      () => {
        // After a pause of the whole process timers come first: let the event loop read what is there already.
        setImmediate(() => {
          if (!this.#stopped) this.#judge(dueAt);
        });
      },
      Math.max(0, dueAt - performance.now()),
    );
  }

  #judge(dueAt: number): void {
    const now = performance.now();
    const unheardMs = now - this.#lastAnsweredSentAt;
    const leftMs = this.#timeoutMs - unheardMs;
    if (unheardMs < this.#allowedMs) {
      this.#timer = this.#lookAt(this.#lastAnsweredSentAt + this.#allowedMs);
    } else if (this.#lastAnswerAt >= dueAt && leftMs > 0) {
      // The answer waited while we did not look, and a ping may still be answered before the session's end.
      this.#listener.ping();
      this.#timer = this.#lookAt(now + leftMs / 2);
    } else this.#listener.unheard(`no request of the last ${Math.round(unheardMs)} ms was answered`);
  }
}
