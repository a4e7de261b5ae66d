import { join } from 'node:path';

/** What `new Worker(...)` takes to start the thread of one version; built by `tsc`, like this file. */
export const WORKER_MAIN = join(__dirname, 'main.js');
