import { spawn } from 'node:child_process';
import { root } from './project.mjs';

/**
 * Runs one command in the clone's folder and waits for its end. Its output is gathered, or goes straight to the
 * terminal with `show: true`. An abort sends it SIGTERM, still waits for its end, and throws the abort's reason.
 *
 * @param {readonly string[]} command program and arguments
 * @param {{ signal: AbortSignal, show?: boolean, env?: NodeJS.ProcessEnv, started?: (pid: number) => void }} options
 * @returns {Promise<{ ok: boolean, status: number | null, output: string }>} `output`: both streams, as they came
 */
export async function run([program, ...args], { signal, show = false, env = process.env, started }) {
  signal.throwIfAborted();
  const child = spawn(program, args, {
    cwd: root,
    env,
    stdio: ['ignore', ...Array(2).fill(show ? 'inherit' : 'pipe')],
  });
  if (child.pid !== undefined) started?.(child.pid);
  const chunks = [];
  child.stdout?.on('data', (chunk) => chunks.push(chunk));
  child.stderr?.on('data', (chunk) => chunks.push(chunk));
  const end = () => child.kill('SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  try {
    const status = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    signal.throwIfAborted();
    return { ok: status === 0, status, output: Buffer.concat(chunks).toString() };
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
    return { ok: false, status: 127, output: `${program}: command not found\n` };
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** The last lines of a long output. */
export function tail(output, lines = 25) {
  return output.trimEnd().split('\n').slice(-lines).join('\n');
}
