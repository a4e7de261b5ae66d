import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../support/serve-process';

/** The paths of all that would be published. */
async function packed(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json'], { cwd: PROJECT_ROOT });
  // npm's own list of packages: this one.
  const [{ files }] = JSON.parse(stdout) as [{ files: readonly { path: string }[] }];
  return files.map(({ path }) => path);
}

test('what the documentation in the package links is in the package', async () => {
  const files = await packed();
  const pages = files.filter((file) => file.endsWith('.md'));
  expect(pages).toEqual(expect.arrayContaining(['README.md', 'docs/configuration.md', 'models/README.md']));
  const dead: string[] = [];
  for (const page of pages) {
    const text = await readFile(join(PROJECT_ROOT, page), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)) {
      const path = normalize(join(dirname(page), target)).replace(/\/$/, '');
      if (!files.some((file) => file === path || file.startsWith(`${path}/`)))
        dead.push(`${page}: ${target}`);
    }
  }
  expect(dead).toEqual([]);
});
