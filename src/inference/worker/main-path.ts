import { join } from 'node:path';

/** What `new Worker(...)` takes to start the thread of one version: beside this file, built or bundled. */
export const WORKER_MAIN = join(__dirname, 'model-worker.js');
