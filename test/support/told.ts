import type { Subscription } from 'rxjs';
import type { ZooKeeperSession } from '../../src/streams/session';

/** What a subscriber was told so far. */
export interface Told extends Disposable {
  readonly seen: unknown[];
  readonly subscription: Subscription;
}

/** The data of the node as text, `undefined` for absence. */
export function dataTold(session: ZooKeeperSession, path: string): Told {
  const seen: unknown[] = [];
  return told(
    seen,
    session.watchData(path).subscribe(({ node }) => seen.push(node?.data.toString())),
  );
}

/** The names of the children in order, with blanks between them; `undefined` for absence of the node. */
export function namesTold(session: ZooKeeperSession, path: string): Told {
  const seen: unknown[] = [];
  return told(
    seen,
    session
      .watchChildren(path)
      .subscribe(({ node }) => seen.push(node === undefined ? undefined : [...node.names].sort().join(' '))),
  );
}

function told(seen: unknown[], subscription: Subscription): Told {
  return {
    seen,
    subscription,
    [Symbol.dispose]() {
      subscription.unsubscribe();
    },
  };
}
