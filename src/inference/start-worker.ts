import { Worker, type WorkerOptions } from 'node:worker_threads';
import { WORKER_MAIN } from './worker/main-path';

/**
 * Starts a thread for one version. ONNX Runtime is told to report nothing: from 1.30 on it sends telemetry to its maker,
 * and leaves files in the folders for temporary and for cached files, unless this is set by the time that it is loaded.
 * It reads the environment of the process, which only the main thread can change.
 */
export function startWorker(options: WorkerOptions = {}): Worker {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
  return new Worker(WORKER_MAIN, options);
}
