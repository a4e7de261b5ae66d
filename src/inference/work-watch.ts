/** A version that runs batches. */
export interface WorkingVersion {
  readonly model: string;
  readonly version: string;
  /** The caller's mark of the promotion that it was built for. */
  readonly stamp: string;
}

/**
 * Is told of each batch that a worker is given, and of its end: native code may take the process down meanwhile. Whoever
 * starts a slot may want to know afterwards. Called once for each batch, so it should cost next to nothing.
 */
export interface WorkWatch {
  begin(of: WorkingVersion): void;
  end(of: WorkingVersion): void;
}

/** What is told of one version. */
export function workOf(of: WorkingVersion, watch: WorkWatch): { begin(): void; end(): void } {
  return {
    begin: () => {
      watch.begin(of);
    },
    end: () => {
      watch.end(of);
    },
  };
}
