import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '../support/temporary-directory';
import { childProcesses, leftOnMachine } from './leftovers';

test('a process and a file that are left behind are told of', async () => {
  const before = await childProcesses();
  await using scratch = await temporaryDirectory();
  expect(await leftOnMachine(before, scratch.path)).toEqual([]);
  await writeFile(join(scratch.path, 'left.log'), '');
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
  await once(child, 'spawn');
  expect(await leftOnMachine(before, scratch.path)).toEqual([
    `process ${String(child.pid)} was left behind`,
    'left.log was left in the folder for what is put aside',
  ]);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(await leftOnMachine([], scratch.path)).toHaveLength(1 + before.length);
});
