import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from './project.mjs';

const LONGEST_MS = 20_000;

/**
 * Starts the bundled `zooserve serve` and ends it, without models and without an ensemble, so that the code V8 makes of it
 * lies beside it. On a machine where it cannot, such as one that lets nobody listen, there is none: starts take longer.
 */
export async function recordStart(program) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'zooserve-start-'));
  const flags = {
    zookeeper: '127.0.0.1:1',
    port: '0',
    replica: 'none',
    models: folder,
    'state-dir': `${folder}/state`,
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
  // No options of this process's, with which V8 makes other code.
  const child = spawn(process.execPath, [`${root}/scripts/record-start.cjs`, program, 'serve', ...args], {
    env: {},
    stdio: ['pipe', 'pipe', 'ignore'],
    timeout: LONGEST_MS,
    killSignal: 'SIGKILL',
  });
  child.stdout.on('data', (lines) => {
    if (lines.includes('listening on')) child.kill('SIGTERM');
  });
  await once(child, 'close');
  fs.rmSync(folder, { recursive: true, force: true });
}
