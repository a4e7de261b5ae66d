import { combineLatest } from 'rxjs';
import type { Logger } from 'pino';
import type { Metrics } from '../metrics';
import type { ZnodePaths } from '../registry/paths';
import type { GoodModel } from '../state/last-good';
import type { LastGoodStore } from '../state/last-good-store';
import { HistoryGuard, type Mark } from '../streams/history';
import type { ChildrenSnapshot, DataSnapshot, ZooKeeperSession } from '../streams/session';
import { declareHandler } from './event-handler';

const REMIND_EVERY_MS = 60_000;

export interface ObserveWorldContext {
  readonly session: ZooKeeperSession;
  readonly paths: ZnodePaths;
  readonly guard: HistoryGuard;
}

/** The root, and what was accepted, are remembered: by them the ensemble is known again. */
export const observeWorld = declareHandler<ObserveWorldContext, [DataSnapshot, ChildrenSnapshot]>({
  name: 'observe-world',
  trigger: {
    kind: 'znode',
    events$: ({ session, paths }) =>
      combineLatest([session.watchData(paths.root), session.watchChildren(paths.worlds)]),
  },
  note([root, worlds], { session, guard }) {
    const stat = root.node?.stat;
    guard.notice({
      zxid: session.lastZxid,
      landmark: stat === undefined ? null : { czxid: stat.czxid, ctime: stat.ctime },
      acceptances: worlds.node?.names ?? [],
    });
  },
  run: () => Promise.resolve(),
});

/** What tells the ensemble that this replica knows from another one, with what its former life has left. */
export function worldGuard(
  paths: ZnodePaths,
  store: LastGoodStore,
  metrics: Metrics,
  log: Logger,
): HistoryGuard {
  return new HistoryGuard({
    landmark: paths.root,
    acceptances: paths.worlds,
    // Who has served nothing has nothing to lose, and follows whatever is there.
    known: store.found.models.length === 0 ? undefined : (store.found.world ?? undefined),
    marks: () => marks(paths, store.models),
    onLearned: (known) => {
      store.knows(known);
    },
    onForeign: foreignWorldReport(metrics, log),
  });
}

/** In the history that a replica follows, no znode that it serves by is older than when it was read. */
function marks(paths: ZnodePaths, models: readonly GoodModel[]): readonly Mark[] {
  return models.flatMap(({ model, mzxid, config }): readonly Mark[] => [
    [paths.version(model), mzxid],
    ...(config === null ? [] : [[paths.config(model), config.mzxid] as const]),
  ]);
}

/** Makes a metric, and log lines that nobody overlooks, of an ensemble that is not the one known. */
function foreignWorldReport(metrics: Metrics, log: Logger): (why: string | undefined) => void {
  let remindedAt = Number.NEGATIVE_INFINITY;
  return (why) => {
    metrics.otherWorld.set(why === undefined ? 0 : 1);
    if (why === undefined) {
      remindedAt = Number.NEGATIVE_INFINITY;
    } else if (performance.now() - remindedAt >= REMIND_EVERY_MS) {
      remindedAt = performance.now();
      log.error(
        { why },
        'ZooKeeper answers, but it was wiped or restored from an older copy: the last good state serves on, and ' +
          'nothing is followed before somebody runs: zooserve accept-world',
      );
    }
  };
}
