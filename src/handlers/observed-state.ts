import { BehaviorSubject, type Observable } from 'rxjs';
import type { ModelError } from '../errors';
import type { ConfigStatus, Phase, StatusError, StatusRecord, SwapTimes } from '../registry/status-record';

const NO_TIMES: SwapTimes = { notify: null, fetch: null, load: null, warm: null, swap: null };

/** The znodes that say what is wanted of a model. */
export type ReadZnode = 'version' | 'config' | 'models';

/** How far the work on the desired version has come. */
interface Progress {
  readonly phase: Phase;
  readonly error: StatusError | null;
}

/**
 * What one replica has seen and done about one model: the source of `/status/<model>/<replica>`. The handlers
 * write down facts here as they become true; `report-status` publishes the newest.
 */
export class ObservedState {
  readonly #record$: BehaviorSubject<StatusRecord>;
  /** The present record first, then each new one. */
  readonly record$: Observable<StatusRecord>;
  /** Resolves when the config znode was read and taken or refused: no version is served before. */
  readonly configRead: Promise<void>;
  #resolveConfigRead: () => void = () => undefined;
  #progress: Progress = { phase: 'STANDBY', error: null };
  /** Why the version that should answer does not, though it once did. */
  #fault: StatusError | null = null;
  /** Why a znode that says what is wanted cannot be read. */
  readonly #unreadable = new Map<ReadZnode, StatusError>();
  /** What serves comes from the last good state on disk. */
  #stale = false;
  /** Of what serves, while it lacks some. */
  #workers: StatusRecord['workers'];

  #mayFallBack: boolean;

  /** @param mayFallBack whether the former process served something, which this one serves if nothing else */
  constructor(replica: string, mayFallBack = false) {
    this.#mayFallBack = mayFallBack;
    this.#record$ = new BehaviorSubject<StatusRecord>({
      replica,
      desired: null,
      serving: null,
      resident: [],
      config: { state: 'DEFAULT', mzxid: null },
      ...this.#progress,
      ms: NO_TIMES,
    });
    this.record$ = this.#record$.asObservable();
    this.configRead = new Promise((resolve) => (this.#resolveConfigRead = resolve));
  }

  get record(): StatusRecord {
    return this.#record$.value;
  }

  /**
   * Whether as much answers as the start of this replica can bring about: a version serves, or what is desired has
   * failed and what served before the restart has been tried.
   */
  get settled(): boolean {
    const { serving, phase, error } = this.record;
    return serving !== null || (!this.#mayFallBack && (phase === 'FAILED' || error !== null));
  }

  /** What served before the restart serves, or cannot. */
  fellBack(): void {
    this.#mayFallBack = false;
  }

  /** Another version is wanted: work on it is about to begin. `notifyMs`: from the write to this moment. */
  wants(desired: StatusRecord['desired'], notifyMs: number | null): void {
    this.#progress = { phase: 'FETCHING', error: null };
    this.#publish({ desired, ms: { ...NO_TIMES, notify: notifyMs } });
  }

  entered(phase: Phase): void {
    this.#progress = { ...this.#progress, phase };
    this.#publish({});
  }

  /** The desired version could not be served. */
  failed(error: ModelError): void {
    this.#progress = { phase: 'FAILED', error: statusError(error) };
    this.#publish({});
  }

  /** The version znode is not there: what serves goes on serving. */
  desiredMissing(error: ModelError): void {
    const phase = this.record.serving === null ? 'STANDBY' : 'SERVING';
    this.#progress = { phase, error: statusError(error) };
    this.#publish({ desired: null });
  }

  /** Requests are answered by the desired version from now on. */
  serves(serving: NonNullable<StatusRecord['serving']>, ms: Omit<SwapTimes, 'notify'>): void {
    this.#progress = { phase: 'SERVING', error: null };
    this.#stale = false;
    this.#publish({ serving, ms: { notify: this.record.ms.notify, ...rounded(ms) } });
  }

  /** What answers requests was asked for in a former life of this replica, and by nothing that was read since. */
  servesFormer(): void {
    this.#stale = true;
    // Without a version znode, SERVING speaks of the last one.
    if (this.record.desired === null) this.#progress = { ...this.#progress, phase: 'SERVING' };
    this.#publish({});
  }

  /**
   * What the slot holds, whatever is desired; `fault`: its live version cannot answer; `workers`: those of the one
   * that serves.
   */
  holds(
    serving: StatusRecord['serving'],
    resident: readonly string[],
    fault: ModelError | undefined,
    workers?: StatusRecord['workers'],
  ): void {
    this.#workers = workers !== undefined && workers.alive < workers.wanted ? workers : undefined;
    this.#fault = fault === undefined ? null : statusError(fault);
    this.#publish({ serving, resident });
  }

  /** A znode cannot be read; undefined: it can, or may be. */
  unreadable(znode: ReadZnode, error: ModelError | undefined): void {
    if (error === undefined && !this.#unreadable.has(znode)) return;
    if (error === undefined) this.#unreadable.delete(znode);
    else this.#unreadable.set(znode, statusError(error));
    this.#publish({});
  }

  configured(config: ConfigStatus): void {
    this.#publish({ config });
  }

  configWasRead(): void {
    this.#resolveConfigRead();
  }

  #publish(change: Partial<StatusRecord>): void {
    const { stale: _stale, workers: _workers, ...before } = this.record;
    // Without the version znode nobody knows what is desired; the others are told of when all else is well.
    const unread = this.#unreadable.get('version');
    const fault = unread ?? this.#fault;
    const { phase, error } = this.#progress;
    const other = this.#unreadable.get('config') ?? this.#unreadable.get('models') ?? null;
    const shown: Progress = {
      phase: fault === null ? phase : 'FAILED',
      error: unread ?? error ?? this.#fault ?? other,
    };
    const stale = this.#stale || (unread !== undefined && before.serving !== null);
    const workers = this.#workers;
    this.#record$.next({
      ...{ ...before, ...change, ...shown },
      ...(stale ? { stale: true } : {}),
      ...(workers === undefined ? {} : { workers }),
    });
  }
}

function statusError({ code, message, retryable }: ModelError): StatusError {
  return { code, message, retryable };
}

/** To a tenth of a millisecond; what is finer is noise, and a record has room for 1 KiB. */
function rounded({ fetch, load, warm, swap }: Omit<SwapTimes, 'notify'>): Omit<SwapTimes, 'notify'> {
  const tenth = (ms: number | null): number | null => (ms === null ? null : Math.round(ms * 10) / 10);
  return { fetch: tenth(fetch), load: tenth(load), warm: tenth(warm), swap: tenth(swap) };
}
