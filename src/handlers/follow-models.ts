import type { Logger } from 'pino';
import { type ModelList, watchModels } from '../registry/watch-models';
import type { ZnodePaths } from '../registry/paths';
import type { ZooKeeperSession } from '../streams/session';
import { declareHandler } from './event-handler';
import { unreadable } from './observe-access';
import type { Readiness } from './readiness';
import type { ServedModels } from './served-models';
import type { LastGoodStore } from '../state/last-good-store';
import type { Lives } from '../state/lives';

export interface FollowModelsContext {
  readonly replica: string;
  readonly session: ZooKeeperSession;
  readonly paths: ZnodePaths;
  readonly served: ServedModels;
  readonly store: LastGoodStore;
  readonly lives: Lives;
  readonly log: Logger;
  /** Is told each time that the desired models were read and acted on. */
  readonly readiness: Pick<Readiness, 'followed' | 'awaits'>;
}

/** The children of `/models` are the models that this replica serves. */
export const followModels = declareHandler<FollowModelsContext, ModelList>({
  name: 'follow-models',
  trigger: {
    kind: 'znode',
    events$: ({ session, paths, served, store: { found }, log }) =>
      watchModels(session, paths, log, {
        models: found.models.map(({ model }) => model),
        tree: found.tree,
        served: served.names.length > 0,
      }),
  },
  note({ present, refused }, { paths, log }) {
    if (refused !== undefined) {
      log.error({ why: refused.message }, 'the list of models cannot be read: those known are served');
    }
    if (present) return;
    log.warn(
      { path: paths.modelsDir },
      `${paths.modelsDir} is not there: what is served goes on being served`,
    );
  },
  async run({ models, tree, refused }, { replica, served, store, lives, readiness }) {
    await served.reconcile(models, replica);
    const error = refused && unreadable('the list of models', refused);
    served.listUnreadable(error);
    store.retain(models, tree);
    lives.retain(models);
    // Who knows of no model can answer nothing.
    if (error !== undefined && models.length === 0) readiness.awaits(error.message);
    else readiness.followed();
  },
});
