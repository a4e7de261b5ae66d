import type { Logger } from 'pino';
import {
  combineLatest,
  concat,
  defer,
  distinctUntilChanged,
  EMPTY,
  filter,
  map,
  mergeMap,
  of,
  startWith,
  switchMap,
  type Observable,
} from 'rxjs';
import type { ZooKeeperError } from '../errors';
import { isName, NAME_RULE, shown } from '../names';
import type { ZooKeeperSession } from '../streams/session';
import type { ChildrenSnapshot } from '../streams/session';
import type { ZnodePaths } from './paths';
import { settledStat } from './settled-stat';
import { watchRefusal } from './watch-refusal';

/** The models that the ensemble names. */
export interface ModelList {
  /** Valid names below `/models` and the pinned ones, sorted. */
  readonly models: readonly string[];
  /** False while `/models` is not there: `models` is then what was last known. */
  readonly present: boolean;
  /** The czxid of the `/models` that was seen last. */
  readonly tree: string | null;
  /** Why `/models` cannot be read: `models` is what was last known, if anything. */
  readonly refused?: ZooKeeperError;
}

/** What a process before this one knew. */
export interface FormerModels {
  readonly models: readonly string[];
  readonly tree: string | null;
  /** Whether they are served at this moment; if not, nothing has to settle before one counts as removed. */
  readonly served: boolean;
}

const NONE_BEFORE: FormerModels = { models: [], tree: null, served: false };

/**
 * The models to serve, the present list first. A model leaves the list only when it was removed from a
 * `/models` that is still there, told by its czxid: nothing is removed when the whole tree went or was made again.
 * Models of the tree before, those of the `former` process included, are then kept beside the new ones. A tree
 * older than what was seen (an ensemble that was restored) is never told by the session.
 */
export function watchModels(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  log?: Logger,
  former: FormerModels = NONE_BEFORE,
): Observable<ModelList> {
  return defer(() => {
    const memory = new ModelMemory(paths.pinned, former);
    const warned = new Set<string>();
    const lists$ = session.watchChildren(paths.modelsDir).pipe(
      switchMap((snapshot) => {
        const { node } = snapshot;
        if (node === undefined) return of(memory.absent());
        const names = node.names.filter((name) => isName(name) || warnOnce(name, warned, log));
        const missing = memory.advance(node.stat.czxid, names);
        const now$ = of(memory.list());
        if (missing.length === 0) return now$;
        return concat(
          now$,
          settledRemoval(session, paths, snapshot, () => memory.remove(missing)),
        );
      }),
      startWith(undefined),
    );
    return combineLatest([lists$, watchRefusal(session, 'children', paths.modelsDir)]).pipe(
      map(([list, refused]) => (refused === undefined ? list : { ...(list ?? memory.list()), refused })),
      filter((list) => list !== undefined),
      distinctUntilChanged(sameList),
    );
  });
}

class ModelMemory {
  #known: ReadonlySet<string>;
  #listed: ReadonlySet<string>;
  #tree: string | null;
  #unserved: boolean;

  constructor(
    private readonly pinned: readonly string[],
    former: FormerModels,
  ) {
    this.#known = new Set([...pinned, ...former.models]);
    this.#listed = new Set(former.models);
    this.#tree = former.tree;
    this.#unserved = !former.served;
  }

  /** Takes in a list of names and answers those that this very tree had before and has no more. */
  advance(czxid: string, names: readonly string[]): string[] {
    const sameTree = czxid === this.#tree;
    const listed = new Set(names);
    if (sameTree && this.#unserved) {
      this.#known = new Set(this.pinned);
      this.#listed = listed;
    }
    this.#unserved = false;
    const missing = sameTree
      ? [...this.#listed].filter((name) => !listed.has(name) && !this.pinned.includes(name))
      : [];
    this.#tree = czxid;
    this.#known = new Set([...this.#known, ...names]);
    // What is missing stays listed until its removal is believed, so that a newer list finds it missing again.
    this.#listed = new Set([...listed, ...missing]);
    return missing;
  }

  remove(names: readonly string[]): ModelList {
    const without = (set: ReadonlySet<string>) => new Set([...set].filter((name) => !names.includes(name)));
    this.#known = without(this.#known);
    this.#listed = without(this.#listed);
    return this.list();
  }

  list(): ModelList {
    return { models: [...this.#known].sort(), present: true, tree: this.#tree };
  }

  absent(): ModelList {
    return { ...this.list(), present: false };
  }
}

/** Emits once the tree has been seen standing after the delay; nothing when it went meanwhile. */
function settledRemoval(
  session: ZooKeeperSession,
  paths: ZnodePaths,
  seen: ChildrenSnapshot,
  remove: () => ModelList,
): Observable<ModelList> {
  return settledStat(session, paths.modelsDir).pipe(
    mergeMap((stat) => (stat?.czxid === seen.node?.stat.czxid ? of(remove()) : EMPTY)),
  );
}

function warnOnce(name: string, warned: Set<string>, log: Logger | undefined): false {
  if (!warned.has(name)) {
    warned.add(name);
    log?.warn({ name: shown(name) }, `a child of /models is ignored: a model is ${NAME_RULE}`);
  }
  return false;
}

function sameList(a: ModelList, b: ModelList): boolean {
  return (
    a.present === b.present &&
    a.refused?.message === b.refused?.message &&
    a.tree === b.tree &&
    a.models.join('/') === b.models.join('/')
  );
}
