/** Hears SIGTERM and SIGINT from the moment it is made, so that one that comes while things start is not lost. */
export class EndSignals implements Disposable {
  /** Resolves with the first of them. */
  readonly heard: Promise<NodeJS.Signals>;
  #first: NodeJS.Signals | undefined;
  #resolve: (signal: NodeJS.Signals) => void = () => undefined;

  constructor() {
    this.heard = new Promise((resolve) => (this.#resolve = resolve));
    process.on('SIGTERM', this.#hear).on('SIGINT', this.#hear);
  }

  /** The first one heard so far. */
  get first(): NodeJS.Signals | undefined {
    return this.#first;
  }

  [Symbol.dispose](): void {
    process.off('SIGTERM', this.#hear).off('SIGINT', this.#hear);
  }

  // Later ones change nothing: what is in flight is answered all the same.
  readonly #hear = (signal: NodeJS.Signals): void => {
    this.#first ??= signal;
    this.#resolve(this.#first);
  };
}
