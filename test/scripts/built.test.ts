import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../support/serve-process';
import { ScratchClone } from './scratch-clone';

const PROGRAM = `
declare const console: any;
export async function main(args: readonly string[]): Promise<number> {
  console.log('called with', args.join(' '));
  return 3;
}
`;

test('a program that is not built yet is built, gets its arguments, and its status is that of the command', async () => {
  using clone = new ScratchClone();
  clone.linkDependencies();
  clone.write('src/measure/main.ts', PROGRAM);
  const { status, output } = await clone.run('scripts/built.mjs', 'src/measure/main', '--rounds', '5');
  expect(output).toMatch(/^Building.*\ncalled with --rounds 5\n$/);
  expect(status).toBe(3);
});

test('only with --zookeeper is Java looked for; a set-up that fails runs nothing', async () => {
  using clone = new ScratchClone();
  clone.linkDependencies();
  clone.write('src/measure/main.ts', PROGRAM);
  const { status, output } = await clone.run('scripts/built.mjs', '--zookeeper', 'src/measure/main');
  expect(output).toMatch(/zookeeper/i);
  expect(output).not.toContain('called with');
  expect(status).toBe(1);
});

test('every npm command that runs what is built sets it up first, and names a program there is', () => {
  // This project's own file.
  const { scripts } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };
  const programs = Object.values(scripts).flatMap((command) => {
    expect(command).not.toContain('dist/');
    return / scripts\/built\.mjs (?:--zookeeper )?(\S+)$/.exec(command)?.[1] ?? [];
  });
  expect(programs.length).toBeGreaterThan(4);
  for (const program of programs) {
    expect(existsSync(join(PROJECT_ROOT, `${program}.ts`))).toBe(true);
    expect(readFileSync(join(PROJECT_ROOT, 'dist', `${program}.js`), 'utf8')).toContain(
      'exports.main = main',
    );
  }
});
