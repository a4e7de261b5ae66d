import type { ServedModel } from './served-model';

/** The models of this replica, as far as readiness looks at them. */
interface Models {
  all(): readonly Pick<ServedModel, 'observed'>[];
}

/**
 * Whether a load balancer may send requests here. Not before the desired state was read and every model of it
 * serves or has failed, the last good version included; from then on always, since a model that is added or breaks later must not take the
 * whole fleet out. When `strict`, any model that serves nothing keeps it unready, at any time.
 */
export class Readiness {
  #followed = false;
  #settledOnce = false;

  constructor(
    private readonly served: Models,
    private readonly strict: boolean,
  ) {}

  /** The desired state was read. */
  followed(): void {
    this.#followed = true;
  }

  get ready(): boolean {
    if (!this.#followed) return false;
    const models = this.served.all().map(({ observed }) => observed);
    if (this.strict) return models.every(({ record }) => record.serving !== null);
    this.#settledOnce ||= models.every(({ settled }) => settled);
    return this.#settledOnce;
  }
}
