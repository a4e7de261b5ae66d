const MIB = 2 ** 20;

/** Measured: docs/operations.md, "Memory". Bytes of a worker besides its model, and bytes a byte of `model.onnx`. */
const WORKER_BYTES = 20 * MIB;
const WHILE_RESIDENT = 1.25;
const WHILE_LOADING = 3;

/** For messages: how the need of a worker that loads comes about. */
export const LOADING_NEED = `${WORKER_BYTES / MIB} MiB + ${WHILE_LOADING} x the file`;

export interface MemoryUser {
  readonly model: string;
  readonly version: string;
}

export interface VersionToLoad extends MemoryUser {
  /** Size of `model.onnx`. */
  readonly fileBytes: number;
  readonly workers: number;
}

/**
 * What one worker takes, by estimate: from before its thread starts, more while it loads its model, until the
 * thread is gone.
 */
export class WorkerMemory {
  readonly #fileBytes: number;
  readonly #onGivenBack: (memory: WorkerMemory) => void;
  #bytes: number;
  #going = false;
  #released = false;

  /** `onGivenBack` is called when less is taken than before, and when what was going stays after all. */
  constructor(
    readonly user: MemoryUser & { readonly fileBytes: number },
    onGivenBack: (memory: WorkerMemory) => void,
  ) {
    this.#fileBytes = user.fileBytes;
    this.#onGivenBack = onGivenBack;
    this.#bytes = Math.ceil(WORKER_BYTES + WHILE_LOADING * user.fileBytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Its thread was told to end and is expected to. */
  get going(): boolean {
    return this.#going;
  }

  get released(): boolean {
    return this.#released;
  }

  /** The model is loaded. */
  settle(): void {
    if (this.#released) return;
    this.#bytes = Math.ceil(WORKER_BYTES + WHILE_RESIDENT * this.#fileBytes);
    this.#onGivenBack(this);
  }

  /** The thread was told to end. */
  ending(): void {
    this.#going = true;
  }

  /** The thread does not end. */
  stuck(): void {
    if (this.#released || !this.#going) return;
    this.#going = false;
    this.#onGivenBack(this);
  }

  /** The thread is gone. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#bytes = 0;
    this.#onGivenBack(this);
  }
}
