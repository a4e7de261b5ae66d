import type { Logger } from 'pino';
import type { ModelSlot } from '../inference/slot';
import type { ServeOptions } from '../inference/version-changes';
import type { Metrics } from '../metrics';
import type { ZnodePaths } from '../registry/paths';
import type { GoodModel } from '../state/last-good';
import type { LastGoodStore } from '../state/last-good-store';
import type { Lives } from '../state/lives';
import type { LoadGuard } from '../state/load-guard';
import type { ZooKeeperSession } from '../streams/session';
import type { ObservedState } from './observed-state';

/** What the files of a version have to be. */
export type ExpectedFiles = Pick<ServeOptions, 'expectedSha256' | 'expectedBeside'>;

/** One model on this replica: the context that every handler of it is given. */
export interface ServedModel {
  readonly model: string;
  readonly replica: string;
  readonly slot: ModelSlot;
  readonly observed: ObservedState;
  /** What the process before this one served last. */
  readonly lastGood: GoodModel | undefined;
  readonly store: LastGoodStore;
  readonly loads: LoadGuard | undefined;
  readonly lives: Lives;
  /** Digests of published versions, as the catalog has them: its entries never change. */
  readonly digests: Map<string, ExpectedFiles>;
  readonly session: ZooKeeperSession;
  readonly paths: ZnodePaths;
  readonly metrics: Metrics;
  readonly log: Logger;
}
