import { Observable } from 'rxjs';
import { readDeadLetters, type DeadLetter } from '../../src/coordination/dead-letters';
import { WorkQueue, type WorkQueueOptions } from '../../src/coordination/work-queue';
import type { ZooKeeperSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { connect } from '../support/fleet';
import { replacing } from '../support/meddling';
import { watching } from '../support/server-watches';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

/** The names below a queue. */
export interface QueueTree {
  readonly items: readonly string[];
  readonly claims: readonly string[];
  readonly dead: readonly string[];
}

/** Two sessions that nobody breaks, and a queue for each test. */
export class QueueScene implements AsyncDisposable {
  directory = '';
  #count = 0;

  private constructor(
    readonly zookeeper: TestZooKeeper,
    readonly first: ZooKeeperSession,
    readonly second: ZooKeeperSession,
  ) {}

  static async start(): Promise<QueueScene> {
    const zookeeper = await startTestZooKeeper();
    const connectString = zookeeper.connectString;
    return new QueueScene(zookeeper, await connect(connectString), await connect(connectString));
  }

  useFreshQueue(): void {
    this.directory = `/queues/test-${++this.#count}`;
  }

  get connectString(): string {
    return this.zookeeper.connectString;
  }

  get queue(): WorkQueue {
    return this.queueOf(this.first);
  }

  queueOf(session: ZooKeeperSession, options?: WorkQueueOptions): WorkQueue {
    return new WorkQueue(session, this.directory, options);
  }

  letters(): Promise<DeadLetter[]> {
    return readDeadLetters(this.first, this.directory);
  }

  async tree(): Promise<QueueTree> {
    const [items, claims, dead] = await Promise.all(
      ['items', 'claims', 'dead'].map((kind) => this.first.children(`${this.directory}/${kind}`)),
    );
    return { items: items?.names ?? [], claims: claims?.names ?? [], dead: dead?.names ?? [] };
  }

  /** Waits until the queue looks like that, and `also` holds. */
  async eventuallyTree(wanted: QueueTree, also: () => boolean = () => true): Promise<void> {
    const text = JSON.stringify(wanted);
    await eventually(
      () => this.tree(),
      (tree) => JSON.stringify(tree) === text && also(),
    );
  }

  /** The session, and how many watches on lists of children it holds for its users. */
  counting(session: ZooKeeperSession): { readonly session: ZooKeeperSession; readonly lists: () => number } {
    let lists = 0;
    const counted = replacing(
      session,
      'watchChildren',
      (path) =>
        new Observable((subscriber) => {
          lists += 1;
          subscriber.add(() => (lists -= 1));
          subscriber.add(session.watchChildren(path).subscribe(subscriber));
        }),
    );
    return { session: counted, lists: () => lists };
  }

  expectNoWatches(): Promise<void> {
    return watching(this.zookeeper, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.first[Symbol.asyncDispose]();
    await this.second[Symbol.asyncDispose]();
    await this.zookeeper[Symbol.asyncDispose]();
  }
}
