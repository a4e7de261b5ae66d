import { Observable } from 'rxjs';
import type { Freshness } from './freshness';
import { WatchedNode, type WatchHost, type WatchKind } from './watched-node';

interface Entry<S> {
  readonly node: WatchedNode<S>;
  subscribers: number;
}

/**
 * The watched paths of one kind. Nothing is kept from one connection to the next but the paths and what was told
 * of them: each connection reads them all again, which also finds what happened in between.
 */
export class Watches<S> {
  readonly #kind: WatchKind<S>;
  readonly #host: WatchHost;
  readonly #entries = new Map<string, Entry<S>>();
  #completed = false;

  constructor(kind: WatchKind<S>, host: WatchHost) {
    this.#kind = kind;
    this.#host = host;
  }

  /** Subscribers of one path share one watch; a late one gets the latest snapshot at once. */
  watch(path: string): Observable<S> {
    return this.#share(path, (node) => node.snapshot$);
  }

  /** Whether what {@link watch} told last is the latest; it shares the watch. */
  freshness(path: string): Observable<Freshness> {
    return this.#share(path, (node) => node.freshness$);
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Since when each of the nodes that are stale has been so, `Date.now()`. */
  get staleSince(): readonly number[] {
    return this.nodes().flatMap(({ staleSince }) => staleSince ?? []);
  }

  nodes(): readonly WatchedNode<S>[] {
    return [...this.#entries.values()].map(({ node }) => node);
  }

  onNotification(type: number, path: string): void {
    if (this.#kind.events.has(type)) this.#entries.get(path)?.node.reread();
  }

  rereadAll(): void {
    for (const { node } of this.#entries.values()) node.reread();
  }

  /** The connection broke: what was told may be out of date from now on. */
  disconnected(): void {
    for (const { node } of this.#entries.values()) node.disconnected();
  }

  forget(): void {
    for (const { node } of this.#entries.values()) node.forget();
  }

  complete(): void {
    this.#completed = true;
    for (const { node } of [...this.#entries.values()]) node.complete();
  }

  #share<T>(path: string, told$: (node: WatchedNode<S>) => Observable<T>): Observable<T> {
    return new Observable<T>((subscriber) => {
      if (this.#completed) {
        subscriber.complete();
        return;
      }
      const entry = this.#entries.get(path) ?? this.#start(path);
      entry.subscribers += 1;
      subscriber.add(() => {
        entry.subscribers -= 1;
        if (entry.subscribers > 0) return;
        this.#entries.delete(path);
        entry.node.stop();
      });
      subscriber.add(told$(entry.node).subscribe(subscriber));
    });
  }

  #start(path: string): Entry<S> {
    const node = new WatchedNode(this.#kind, this.#host, path);
    const entry = { node, subscribers: 0 };
    this.#entries.set(path, entry);
    node.reread();
    return entry;
  }
}
