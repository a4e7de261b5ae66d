import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/serve-process';
import { KINDS } from './measured/kinds';

/** The first cells of the last table of a section, without its heading. */
function faultsOf(section: string): string[] {
  const table = section.split(/\n\n/).findLast((block) => block.startsWith('| fault '));
  const [, , ...rows] = (table ?? '').split('\n');
  return rows.map((row) => row.split('|')[1]?.trim() ?? '');
}

test.each(Object.values(KINDS))(
  'docs/faults.md has the measured time of each fault: $heading',
  async (kind) => {
    const page = await readFile(join(PROJECT_ROOT, 'docs', 'faults.md'), 'utf8');
    const section = page.split(/^## /m).find((text) => text.startsWith(`${kind.heading}\n`)) ?? '';
    expect(faultsOf(section)).toEqual(kind.faults.map(({ name }) => name));
  },
);
