import { fork, type ChildProcess, type Serializable } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Worker {
  /** From 1. */
  readonly number: number;
  readonly process: ChildProcess;
}

export interface WorkersOptions {
  /** The program; it is called with `--worker <number>` and these. */
  readonly file: string;
  readonly args: readonly string[];
  readonly count: number;
  /** Ends the workers. */
  readonly end: AbortSignal;
  /** Called with what a worker sends by `process.send`. */
  readonly onMessage?: (worker: Worker, message: Serializable) => void;
}

/**
 * Runs several processes of one program, prints their lines, each with the number of its worker, and waits for all.
 * Rejects when one fails: ends with another status than 0, or by a signal that this process did not send it.
 */
export async function runWorkers({ file, args, count, end, onMessage }: WorkersOptions): Promise<void> {
  const workers = Array.from({ length: count }, (_, index): Worker => {
    const number = index + 1;
    const process = fork(file, ['--worker', `${number}`, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [process.stdout, process.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on('line', (line) => {
        console.log(`worker ${number}: ${line}`);
      });
    }
    return { number, process };
  });
  const endAll = () => {
    for (const worker of workers) worker.process.kill('SIGTERM');
  };
  end.addEventListener('abort', endAll);
  if (end.aborted) endAll();
  for (const worker of workers)
    worker.process.on('message', (message) => {
      onMessage?.(worker, message);
    });
  await Promise.all(workers.map(({ process }) => once(process, 'close')));
  end.removeEventListener('abort', endAll);
  const failed = workers.find(({ process: { exitCode, killed } }) =>
    exitCode === null ? !killed : exitCode !== 0,
  );
  if (failed !== undefined) throw new Error(`worker ${failed.number} failed`);
}

/** The number of workers that an option names. */
export function workerCount(text: string): number {
  const count = Number(text);
  if (Number.isSafeInteger(count) && count >= 1 && count <= 100) return count;
  throw new Error(`--workers ${text}: a number from 1 to 100 is wanted`);
}
