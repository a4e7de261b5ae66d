import { Observable } from 'rxjs';
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
    return new Observable<S>((subscriber) => {
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
      subscriber.add(entry.node.snapshot$.subscribe(subscriber));
    });
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  get size(): number {
    return this.#entries.size;
  }

  onNotification(type: number, path: string): void {
    if (this.#kind.events.has(type)) this.#entries.get(path)?.node.reread();
  }

  rereadAll(): void {
    for (const { node } of this.#entries.values()) node.reread();
  }

  forget(): void {
    for (const { node } of this.#entries.values()) node.forget();
  }

  complete(): void {
    this.#completed = true;
    for (const { node } of [...this.#entries.values()]) node.complete();
  }

  #start(path: string): Entry<S> {
    const node = new WatchedNode(this.#kind, this.#host, path);
    const entry = { node, subscribers: 0 };
    this.#entries.set(path, entry);
    node.reread();
    return entry;
  }
}
