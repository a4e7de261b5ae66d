import { posix } from 'node:path';
import type { PinnedModel } from '../settings';

/**
 * Where everything lives in ZooKeeper. Names are checked by the callers (`isName`), so that nothing a stranger
 * wrote becomes a path here.
 */
export class ZnodePaths {
  readonly root: string;
  readonly modelsDir: string;
  readonly replicas: string;
  readonly #pinned: ReadonlyMap<string, PinnedModel>;

  /** `root` is absolute, `/` for the top of the ensemble or of its chroot. */
  constructor(root: string, pinned: readonly PinnedModel[] = []) {
    this.root = root;
    this.modelsDir = posix.join(root, 'models');
    this.replicas = posix.join(root, 'replicas');
    this.#pinned = new Map(pinned.map((entry) => [entry.model, entry]));
  }

  /** The models that `--model` names, whether `/models` has them or not. */
  get pinned(): readonly string[] {
    return [...this.#pinned.keys()];
  }

  model(model: string): string {
    return posix.join(this.modelsDir, model);
  }

  /** The promoted version, plain text; the pinned znode where there is one. */
  version(model: string): string {
    return this.#pinned.get(model)?.versionPath ?? posix.join(this.model(model), 'version');
  }

  /** The live handler config, JSON; the pinned znode where there is one. */
  config(model: string): string {
    return this.#pinned.get(model)?.configPath ?? posix.join(this.model(model), 'config');
  }

  get catalogRoot(): string {
    return posix.join(this.root, 'catalog');
  }

  catalogDir(model: string): string {
    return posix.join(this.catalogRoot, model);
  }

  /** The manifest of one published version. */
  catalog(model: string, version: string): string {
    return posix.join(this.catalogDir(model), version);
  }

  get statusRoot(): string {
    return posix.join(this.root, 'status');
  }

  statusDir(model: string): string {
    return posix.join(this.statusRoot, model);
  }

  status(model: string, replica: string): string {
    return posix.join(this.statusDir(model), replica);
  }

  replica(replica: string): string {
    return posix.join(this.replicas, replica);
  }

  get historyRoot(): string {
    return posix.join(this.root, 'history');
  }

  /** Each child says that the tree which it was made in is the right one. */
  get worlds(): string {
    return posix.join(this.root, 'worlds');
  }

  /** The directory of a model's history; its children are `h-<seq>`. */
  history(model: string): string {
    return posix.join(this.historyRoot, model);
  }
}
