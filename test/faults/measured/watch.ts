import { setTimeout as sleep } from 'node:timers/promises';

/** How often the replica is looked at: no time in the table is finer than this. */
const EVERY_MS = 20;

/** What can be seen of a replica at one moment, from `/metrics` and the health check. */
export interface Look {
  /** `performance.now()` */
  readonly at: number;
  /** Of the ZooKeeper session. */
  readonly state: string;
  readonly otherWorld: boolean;
  readonly ready: boolean;
}

/** Looks at a replica again and again, until it is disposed of. */
export class ReplicaWatch implements AsyncDisposable {
  readonly looks: Look[] = [];
  readonly #stop = new AbortController();
  readonly #watching: Promise<void>;

  constructor(private readonly url: string) {
    this.#watching = this.#watch();
  }

  /** When it was first seen so after `since`; undefined: not yet. */
  first(since: number, so: (look: Look) => boolean): number | undefined {
    return this.looks.find((look) => look.at >= since && so(look))?.at;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#watching;
  }

  async #watch(): Promise<void> {
    const over = (): boolean => this.#stop.signal.aborted;
    while (!over()) {
      const at = performance.now();
      try {
        const [metrics, health] = await Promise.all([
          fetch(`${this.url}/metrics`).then((answer) => answer.text()),
          fetch(`${this.url}/v2/health/ready`),
        ]);
        const state = /^zooserve_zookeeper_session_state\{state="(\w+)"\} 1$/m.exec(metrics)?.[1] ?? '';
        const otherWorld = /^zooserve_zookeeper_other_world 1$/m.test(metrics);
        this.looks.push({ at, state, otherWorld, ready: health.status === 200 });
      } catch (error) {
        if (!over()) throw error;
      }
      await sleep(EVERY_MS);
    }
  }
}
