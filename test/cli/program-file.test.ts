import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { CLI } from '../support/serve-process';
import { temporaryDirectory } from '../support/temporary-directory';

test('started by its name, it gives large blocks of memory back to the system when they are freed', async () => {
  await using directory = await temporaryDirectory();
  const tell = join(directory.path, 'tell.cjs');
  await writeFile(tell, 'console.log(process.env.MALLOC_MMAP_THRESHOLD_);');
  const { PATH = '' } = process.env;
  const child = spawn(CLI, ['--version'], { env: { PATH, NODE_OPTIONS: `--require=${tell}` } });
  const [ended, printed] = await Promise.all([once(child, 'close'), text(child.stdout)]);
  expect([ended, printed]).toEqual([[0, null], expect.stringMatching(/^4194304\n\d+\.\d+\.\d+/)]);
});
