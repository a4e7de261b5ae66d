import { hostname } from 'node:os';
import { ScratchClone } from './scratch-clone';

/** Takes the lock 20 times; while it has it, the file `inside` must be its own. */
const TAKE_AND_CHECK = `
import fs from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { withLock } from './scripts/lock.mjs';
const signal = new AbortController().signal;
for (let i = 0; i < 20; i += 1) {
  await withLock('locks', { signal, onWait: () => undefined }, async () => {
    fs.writeFileSync('inside', String(process.pid), { flag: 'wx' });
    await turn();
    fs.rmSync('inside');
    fs.appendFileSync('count', '.');
  });
}
`;
const TAKE_ONCE = `
import { withLock } from './scripts/lock.mjs';
const signal = AbortSignal.timeout(300);
await withLock('locks', { signal, onWait: (holder) => console.log('held by', holder) }, async () => console.log('taken'));
`;
const program = (text: string) => ['--input-type=module', '--eval', text];

describe('withLock', () => {
  let clone: ScratchClone;
  beforeEach(() => {
    clone = new ScratchClone();
  });
  afterEach(() => {
    clone[Symbol.dispose]();
  });

  test('never lets two processes in, with stale locks about', async () => {
    clone.write('locks/lock.7', JSON.stringify({ host: 'gone', holders: [] }));
    const all = await Promise.all(Array.from({ length: 4 }, () => clone.run(...program(TAKE_AND_CHECK))));
    expect(all).toEqual(all.map(() => ({ status: 0, output: '' })));
    expect(clone.read('count')).toHaveLength(80);
  });

  test('takes over from a process that is gone, and from a file that is no record', async () => {
    const host = hostname();
    clone.write(
      'locks/lock.1',
      JSON.stringify({ host, holders: [{ pid: process.pid, born: 'another life' }] }),
    );
    expect((await clone.run(...program(TAKE_ONCE))).output).toBe('taken\n');
    clone.write('locks/lock.3', '');
    expect((await clone.run(...program(TAKE_ONCE))).output).toBe('taken\n');
  });

  test('believes another host for a while, and says which file to delete', async () => {
    clone.write('locks/lock.1', JSON.stringify({ host: 'elsewhere', holders: [{ pid: 1, born: '' }] }));
    const { status, output } = await clone.run(...program(TAKE_ONCE));
    expect(status).not.toBe(0);
    expect(output).toContain('held by a process on elsewhere; if it is gone, delete locks/lock.1');
  });
});
