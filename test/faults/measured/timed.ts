import { shown } from './breaks';
import { type Observed, requestsOf, type Scene } from './scene';

/** One figure: what was waited for, and how long that took. */
export interface Timed {
  readonly what: string;
  readonly took: string;
}

/** Lets something happen and says how long what took. */
export type Measure = (scene: Scene) => Promise<readonly Timed[]>;

/** Takes times one after the other. */
export class Times {
  readonly timed: Timed[] = [];
  #since = performance.now();

  /** What is noted next began now. */
  start(): void {
    this.#since = performance.now();
  }

  note(what: string): void {
    this.timed.push({ what, took: shown(performance.now() - this.#since) });
  }

  /** What became of the requests all the while. */
  async requests(what: string, { load }: Observed): Promise<void> {
    this.timed.push({ what: `requests ${what}`, took: requestsOf(await load.stop()) });
  }
}
