import { parentPort } from 'node:worker_threads';
import { now } from '../clock';
import type { Schedule } from './arrival-clock';

/** Arrivals nearer to each other than this are told together. */
const GRAIN_MS = 0.1;

const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

function tell({ beginsAt, arrivals }: Schedule): void {
  let told = 0;
  while (told < arrivals.length) {
    const next = beginsAt + (arrivals[told] ?? 0);
    Atomics.wait(nobodyWakes, 0, 0, Math.max(GRAIN_MS, next - now()));
    const at = now() - beginsAt;
    let due = told;
    while (due < arrivals.length && (arrivals[due] ?? 0) <= at) due += 1;
    if (due > told) parentPort?.postMessage(due);
    told = due;
  }
}

parentPort?.on('message', tell);
