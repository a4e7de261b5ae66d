import type { LastGoodStore } from '../state/last-good-store';
import type { ZooKeeperSession } from '../streams/session';
import type { ObservedState } from './observed-state';

/** What readiness looks at of a model. */
interface Model {
  readonly model: string;
  readonly observed: ObservedState;
  readonly store: Pick<LastGoodStore, 'remembers'>;
}

/** The models of this replica. */
interface Models {
  all(): readonly Model[];
}

/**
 * Whether a load balancer may send requests here. Not before the desired state was read and every model of it
 * serves or has failed, the last good version included, and what serves is on disk, so that a replica that was ready
 * leaves its next life something to serve; from then on always, since a model that is added or breaks later must not
 * take the whole fleet out. When `strict`, any model that serves nothing keeps it unready, at any time.
 */
export class Readiness {
  #followed = false;
  #settledOnce = false;
  #awaited = 'this replica is not registered yet: a session that holds its name is waited for';

  constructor(
    private readonly served: Models,
    private readonly strict: boolean,
    private readonly session: Pick<ZooKeeperSession, 'state' | 'lastFailure'>,
  ) {}

  /** The desired state was read. */
  followed(): void {
    this.#followed = true;
  }

  /** What it is that comes next, in words, on the way to {@link Readiness.followed}. */
  awaits(what: string): void {
    this.#awaited = what;
  }

  /** Why requests should not be sent here at present, in words; undefined: they should. */
  get unready(): string | undefined {
    if (!this.#followed) return this.#unreached() ?? this.#awaited;
    const models = this.served.all();
    if (!this.#settledOnce) {
      const unsettled = models.map(whyUnsettled).find((why) => why !== undefined);
      if (unsettled !== undefined) return unsettled;
      this.#settledOnce = true;
    }
    const idle = this.strict ? models.find(({ observed }) => observed.record.serving === null) : undefined;
    return idle && `--strict-readiness is on, and ${servesNothing(idle)}`;
  }

  #unreached(): string | undefined {
    const { state, lastFailure } = this.session;
    if (state.name === 'CONNECTED') return undefined;
    return `ZooKeeper is not reached: ${lastFailure?.message ?? state.name}`;
  }
}

function whyUnsettled(one: Model): string | undefined {
  const { model, observed, store } = one;
  if (!observed.settled) return servesNothing(one);
  if (observed.record.serving === null || store.remembers(model)) return undefined;
  return `that model ${model} serves is not yet on disk`;
}

function servesNothing({ model, observed }: Model): string {
  const { phase, error } = observed.record;
  return `model ${model} serves nothing yet: ${error === null ? phase : `${error.code}, ${error.message}`}`;
}
