import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { machineMayHaveEndedIt, machineMoment } from '../../src/state/machine-moment';
import { temporaryDirectory } from '../support/temporary-directory';

test('the start of the machine, and its kills for want of memory, are read', async () => {
  await using directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'sys/kernel/random'), { recursive: true });
  await writeFile(join(directory.path, 'sys/kernel/random/boot_id'), 'db099588-6ec0\n');
  await writeFile(join(directory.path, 'vmstat'), 'nr_free_pages 7\noom_kill 12\nunevictable_pgs 1\n');
  expect(await machineMoment(directory.path)).toEqual({ boot: 'db099588-6ec0', outOfMemoryKills: 12 });
});

test('a system that does not tell has no start and no kills', async () => {
  await using directory = await temporaryDirectory();
  expect(await machineMoment(directory.path)).toEqual({ boot: '', outOfMemoryKills: 0 });
});

test.each([
  [{ boot: 'a', outOfMemoryKills: 1 }, { boot: 'a', outOfMemoryKills: 1 }, false],
  [{ boot: 'a', outOfMemoryKills: 1 }, { boot: 'b', outOfMemoryKills: 0 }, true],
  [{ boot: 'a', outOfMemoryKills: 1 }, { boot: 'a', outOfMemoryKills: 2 }, true],
  [{ boot: '', outOfMemoryKills: 0 }, { boot: 'b', outOfMemoryKills: 0 }, false],
])('between %j and %j', (then, now, expected) => {
  expect(machineMayHaveEndedIt(then, now)).toBe(expected);
});
