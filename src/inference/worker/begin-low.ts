import { workerData } from 'node:worker_threads';
import { SPARE } from './protocol';
import { giveWay } from './thread-priority';

/**
 * Imported before all else, since loading its code is a good part of what a small version takes. A spare thread is
 * started when there is nothing to give way to.
 */
if (workerData !== SPARE) giveWay();
