import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { Scene } from '../slot-scene';

const onLinux = process.platform === 'linux';
const usual = getPriority();

/**
 * Of the threads of this process that are not as nice as it is, by the kernel's own account; where threads have no
 * niceness of their own, that of the process if it has changed.
 */
function lowered(): number[] {
  if (!onLinux) return getPriority() === usual ? [] : [getPriority()];
  const all = readdirSync('/proc/self/task').flatMap((task) => {
    try {
      const stat = readFileSync(`/proc/self/task/${task}/stat`, 'latin1');
      return [Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
  return all.filter((niceness) => niceness !== usual);
}

/** Whether a thread may take back what it has lowered: tried by a process that ends then. */
function mayTakeBack(): boolean {
  const code = `const os = require('node:os'); os.setPriority(15); os.setPriority(${usual});`;
  return onLinux && spawnSync(process.execPath, ['-e', code]).status === 0;
}

test('a thread is of low priority while it loads, if that can be taken back, and as others are afterwards', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  // ONNX Runtime has made what it makes once a process.
  const before = lowered();
  await scene.holdLoad('2');
  const served = scene.slot.serve({ version: '2', stamp: 'b' });
  await scene.traced('2 loading');
  expect(lowered()).toEqual(mayTakeBack() ? [...before, 10] : before);
  await scene.openGate();
  await served;
  expect(lowered()).toEqual(before);
});
