import type { CheckedLoadResult } from '../../../bench/checked-load';
import { percentile } from '../../../bench/percentile';
import type { Observed } from './observed';
import type { Scene } from './scene';

/** Something that breaks: one row of a table of docs/faults.md, and what lets it happen. */
export interface Fault {
  readonly name: string;
  /** Ends with the ensemble whole, and with no replica left. */
  measure(scene: Scene, seen: Sightings): Promise<void>;
}

/** A row, by the headings of its columns. */
export type Cells = Readonly<Record<string, string>>;

/** What was seen of one fault, and how long after what. */
export class Sightings {
  readonly #noticed: string[] = [];
  readonly #over: string[] = [];
  #requests = '-';
  #since = performance.now();

  /** What is seen next is seen so long after now. */
  start(): void {
    this.#since = performance.now();
  }

  /** It shows. */
  noticed(what: string): void {
    this.#noticed.push(this.#after(what));
  }

  /** It is over, or as well as it gets. */
  over(what: string): void {
    this.#over.push(this.#after(what));
  }

  /** What became of the requests all the while. */
  async requests({ load }: Observed): Promise<void> {
    this.#requests = requestsOf(await load.stop());
  }

  get cells(): Cells {
    return {
      'it shows': this.#noticed.join('; ') || '-',
      'it is over': this.#over.join('; ') || '-',
      'other requests': this.#requests,
    };
  }

  #after(what: string): string {
    return `${what} after ${shown(performance.now() - this.#since)}`;
  }
}

export function shown(ms: number): string {
  return ms < 995 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** Of a load's requests, in words. */
export function requestsOf({ requests, failed, latenciesMs }: CheckedLoadResult): string {
  const slowest = Math.round(percentile(latenciesMs, 1));
  return `${failed} of ${requests} failed, slowest ${slowest} ms`;
}
