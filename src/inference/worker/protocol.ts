import type { ModelErrorCode, RequestErrorCode } from '../../errors';
import type { LogLevel, SessionConfig } from '../../handler-config';
import type { FilesBeside } from '../files-beside';
import type { ModelFiles } from '../repository';
import type { ModelSignature } from '../signature';

/**
 * What passes between the event loop and the worker thread of one resident version. The worker loads
 * what `load` says, tells how that goes (`phase`..., then `ready` or `failed`), and answers each `batch` with one
 * `answers` of the same id, in the order they came.
 */

/** A model's `params` as one config had them. The epoch names that config: the same epoch, the same params. */
export interface ParamsEpoch {
  readonly epoch: number;
  readonly params: Readonly<Record<string, unknown>>;
}

/** `workerData` of a worker that is started before there is a model for it. */
export const SPARE = 'spare';

/** What a worker is to load. */
export interface WorkerData {
  readonly files: ModelFiles;
  readonly session: SessionConfig;
  /** false: `handler.js` is not looked at (`--no-handlers`). */
  readonly handlers: boolean;
  /** 64 lower-case hex digits. Bytes with another digest are refused with DIGEST_MISMATCH. */
  readonly expectedSha256?: string | undefined;
  /** Other files beside the model are refused in the same way. */
  readonly expectedBeside?: FilesBeside | undefined;
  /** The params in force as the worker starts; `ready` says whether `handler.js` takes them. */
  readonly params: ParamsEpoch;
  /** 4 bytes: a count that the worker raises with every step that it finishes. */
  readonly progress?: SharedArrayBuffer | undefined;
}

export interface Batch {
  readonly type: 'batch';
  readonly id: number;
  /** Rows of one call of ONNX Runtime at the most; one request with more rows than that is run alone. */
  readonly maxRows: number;
  /** Packed ({@link PackedBody}) and transferred; the `tag` of each is the epoch of the params that it reads. */
  readonly bodies: ArrayBuffer;
  /** Those of every epoch that the bodies name. */
  readonly params: readonly ParamsEpoch[];
  /** Log lines of `handler.js` below this level are dropped in the worker. */
  readonly logLevel: LogLevel;
  /**
   * One byte for each request; it may become 1 as long as the batch waits, and then that request is not run: whatever is
   * answered in its place is dropped.
   */
  readonly withdrawn?: SharedArrayBuffer | undefined;
}

export interface CheckParams extends ParamsEpoch {
  readonly type: 'check-params';
  readonly id: number;
}

export type ToWorker =
  /** Once, before everything else but `end`. */
  | { readonly type: 'load'; readonly data: WorkerData }
  | Batch
  | CheckParams
  /**
   * Answer what came before, release the session and end. A worker is never terminated from outside while it
   * may be in native code: that aborts the whole process (docs/decisions.md).
   */
  | { readonly type: 'end' };

/** The request that is the batch's `index`th from 0 on failed. */
export interface FailedRequest {
  readonly index: number;
  readonly code: RequestErrorCode;
  readonly message: string;
}

/** What a schema refused; `path` is a JSON path below the params, `$` for the whole. */
export interface ParamsRefusal {
  readonly path: string;
  readonly message: string;
}

/** Entered as it begins; the worker starts in FETCHING and does not say so. */
export type WorkerPhase = 'VERIFYING' | 'LOADING' | 'WARMING';

export interface WorkerReady {
  readonly type: 'ready';
  readonly signature: ModelSignature;
  /** Of `model.onnx`, 64 lower-case hex digits. */
  readonly sha256: string;
  /** Those that it has read. */
  readonly beside: FilesBeside;
  /** Of `model.onnx`. */
  readonly bytes: number;
  /** Milliseconds: reading the file and its digest; loading; warm-up and probes. */
  readonly ms: { readonly fetch: number; readonly load: number; readonly warm: number };
  /** `handler.js` refuses the params that the worker was started with. */
  readonly paramsRefused?: ParamsRefusal | undefined;
  readonly hasHandler: boolean;
}

export interface WorkerFailed {
  readonly type: 'failed';
  readonly code: ModelErrorCode;
  readonly message: string;
  readonly retryable: boolean;
}

export interface BatchAnswers {
  readonly type: 'answers';
  readonly id: number;
  /** One for each request in the batch's order, empty for one that failed; packed and transferred. */
  readonly bodies: ArrayBuffer;
  readonly failures: readonly FailedRequest[];
  /** Rows of each call of ONNX Runtime, in the order they were made. */
  readonly rows: readonly number[];
}

export type FromWorker =
  | { readonly type: 'phase'; readonly phase: WorkerPhase }
  | WorkerReady
  /** The worker ends by itself after this. */
  | WorkerFailed
  | BatchAnswers
  | { readonly type: 'params-checked'; readonly id: number; readonly error?: ParamsRefusal | undefined }
  | {
      readonly type: 'log';
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };
