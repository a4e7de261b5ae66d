import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const FOREIGN_LOCK_MS = 10 * 60_000;

/**
 * Runs `work` while no other process does so with the same folder. The lock is the file `lock.<n>` with the highest
 * n, made by link(2), which only one can do for each n. A holder that ended leaves its file behind, marked or not;
 * whoever comes next takes n + 1 and clears the lower ones. So a stale lock is never deleted first and taken later,
 * which is where two could both take it.
 *
 * Held means: a process that it names is alive. `work` is given `alsoHeldBy(pid)`, for a child that may
 * outlive a killed parent. A lock from another host (a shared or mounted folder) counts for ten minutes.
 *
 * @template T
 * @param {string} directory
 * @param {{ signal: AbortSignal, onWait: (holder: string) => void }} options
 * @param {(alsoHeldBy: (pid: number) => void) => Promise<T>} work
 */
export async function withLock(directory, { signal, onWait }, work) {
  fs.mkdirSync(directory, { recursive: true });
  const holders = [processIdentity(process.pid)];
  const number = await acquire(directory, holders, signal, onWait);
  const file = path.join(directory, `lock.${number}`);
  const write = (record) => replaceFile(file, JSON.stringify({ host: os.hostname(), ...record }));
  try {
    return await work((pid) => {
      const child = processIdentity(pid);
      if (child === undefined) return;
      holders.push(child);
      write({ holders });
    });
  } finally {
    write({ holders: [] });
  }
}

async function acquire(directory, holders, signal, onWait) {
  for (let told = false; ;) {
    signal.throwIfAborted();
    const newest = newestNumber(directory);
    const holder = holderOf(path.join(directory, `lock.${newest}`));
    if (holder !== undefined) {
      if (!told) onWait(holder);
      told = true;
      await delay(100, undefined, { signal }).catch(() => signal.throwIfAborted());
      continue;
    }
    const number = newest + 1;
    if (!create(path.join(directory, `lock.${number}`), JSON.stringify({ host: os.hostname(), holders })))
      continue;
    // What was read above may be old by now: whoever holds a higher number was first.
    if (newestNumber(directory) === number) {
      for (const lower of numbers(directory).filter((n) => n < number)) {
        fs.rmSync(path.join(directory, `lock.${lower}`), { force: true });
      }
      return number;
    }
    fs.rmSync(path.join(directory, `lock.${number}`), { force: true });
  }
}

function numbers(directory) {
  return fs
    .readdirSync(directory)
    .map((name) => Number(/^lock\.(\d+)$/.exec(name)?.[1]))
    .filter((n) => !Number.isNaN(n));
}

function newestNumber(directory) {
  return Math.max(0, ...numbers(directory));
}

/** Who holds the lock, in words; undefined when nobody does. */
function holderOf(file) {
  let record;
  let modified;
  try {
    record = JSON.parse(fs.readFileSync(file, 'utf8'));
    modified = fs.statSync(file).mtimeMs;
  } catch {
    return undefined;
  }
  if (record.host !== os.hostname()) {
    const young = record.holders.length > 0 && Date.now() - modified < FOREIGN_LOCK_MS;
    return young ? `a process on ${record.host}; if it is gone, delete ${file}` : undefined;
  }
  const alive = record.holders.find((holder) => processIdentity(holder.pid)?.born === holder.born);
  return alive && `process ${alive.pid}`;
}

/** A pid with the time it was born (Linux, clock ticks since boot), since pids are used again. */
function processIdentity(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === 'ESRCH') return undefined;
  }
  try {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const [state, ...rest] = fields.slice(fields.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? undefined : { pid, born: rest[18] };
  } catch {
    return { pid, born: '' };
  }
}

function create(file, text) {
  const beside = `${file}.${randomUUID()}`;
  fs.writeFileSync(beside, text);
  try {
    fs.linkSync(beside, file);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(beside, { force: true });
  }
}

function replaceFile(file, text) {
  const beside = `${file}.${randomUUID()}`;
  fs.writeFileSync(beside, text);
  fs.renameSync(beside, file);
}
