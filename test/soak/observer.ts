import type { Subscription } from 'rxjs';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';
import type { Ensemble } from '../support/ensemble';
import { EnsembleProxy } from '../support/ensemble-proxy';
import { TEST_SESSION_TIMEOUT_MS } from '../support/zookeeper';

/** Often, to find each change that nothing was notified of. */
const AUDIT_EVERY_MS = 5000;

/** A client of the ensemble with a network of its own, which watches znodes and must never be told anything older. */
export class Observer implements AsyncDisposable {
  readonly complaints: string[] = [];
  /** What was told last of each path: its mzxid. */
  readonly latest = new Map<string, string>();
  told = 0;
  readonly #watching: readonly Subscription[];

  private constructor(
    readonly name: string,
    readonly network: EnsembleProxy,
    readonly session: ZooKeeperSession,
    paths: readonly string[],
  ) {
    this.#watching = paths.map((path) =>
      session.watchData(path).subscribe(({ node }) => {
        if (node === undefined) this.complaints.push(`${name} was told that there is no ${path}`);
        else this.#take(path, node.stat.mzxid);
      }),
    );
  }

  static async start(ensemble: Ensemble, name: string, paths: readonly string[]): Promise<Observer> {
    const network = await EnsembleProxy.start(ensemble);
    const session = openSession({
      connectString: network.connectString,
      sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS,
      auditEveryMs: AUDIT_EVERY_MS,
    });
    return new Observer(name, network, session, paths);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const watch of this.#watching) watch.unsubscribe();
    await this.session[Symbol.asyncDispose]();
    await this.network[Symbol.asyncDispose]();
  }

  #take(path: string, mzxid: string): void {
    this.told += 1;
    const before = this.latest.get(path);
    if (before !== undefined && mzxid <= before) {
      this.complaints.push(`${this.name} was told ${mzxid} of ${path} after ${before}`);
    }
    this.latest.set(path, mzxid);
  }
}
