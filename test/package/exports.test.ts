import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as coordination from '../../src/coordination/public';
import * as streams from '../../src/streams/public';
import { PackedProject } from '../support/packed-project';
import { PROJECT_ROOT } from '../support/serve-process';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

/** Uses a session, a recipe, an operator and a class of errors, and prints what came of it. */
const BODY = `
async function main(connectString: string): Promise<void> {
  const session: ZooKeeperSession = openSession({ connectString, sessionTimeoutMs: 4000 });
  await session.connected(AbortSignal.timeout(10_000));
  await session.ensurePath('/elsewhere');
  const seen = firstValueFrom(
    session.watchData('/elsewhere').pipe(
      latest(async ({ node }: DataSnapshot) => node?.data.toString()),
      filter((text) => text !== ''),
    ),
  );
  const stat: Stat = await session.set('/elsewhere', Buffer.from('hello'));
  const refused = await session.get('/missing/').catch((error: unknown) => error instanceof ZooKeeperError && error.code);
  const token = await exclusively(session, '/elsewhere/lock', async (lock: HeldLock) => lock.token);
  console.log(await seen, stat.version > 0, refused, token > stat.mzxid);
  await session[Symbol.asyncDispose]();
}
main(process.argv[2] ?? '').catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
`;

const IMPORTS = `
import { filter, firstValueFrom } from 'rxjs';
import { exclusively, type HeldLock } from 'zooserve/coordination';
import { latest, openSession, ZooKeeperError, type DataSnapshot, type Stat, type ZooKeeperSession } from 'zooserve/streams';
`;

/** TypeScript's own way to write CommonJS modules. */
const REQUIRES = `
import rxjs = require('rxjs');
import coordination = require('zooserve/coordination');
import streams = require('zooserve/streams');
import type { HeldLock } from 'zooserve/coordination';
import type { DataSnapshot, Stat, ZooKeeperSession } from 'zooserve/streams';
const { filter, firstValueFrom } = rxjs;
const { exclusively } = coordination;
const { latest, openSession, ZooKeeperError } = streams;
`;

const DOCUMENT = join(PROJECT_ROOT, 'docs', 'coordination.md');

let zookeeper: ZooKeeperPlace;
let project: PackedProject;
beforeAll(async () => {
  [zookeeper, project] = await Promise.all([
    sharedZooKeeper(),
    PackedProject.create({ skipLibCheck: false }),
  ]);
  await project.write('module.mts', `${IMPORTS}${BODY}`);
  await project.write('common.cts', `${REQUIRES}${BODY}`);
  await project.write('inside.mts', `console.log(await import('zooserve/dist/src/errors.js' as string));\n`);
  await project.compile();
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

it('is used by ES modules and by CommonJS, type-checked with the declarations of its packages', async () => {
  for (const file of ['module.mjs', 'common.cjs'])
    expect(await project.run(file, zookeeper.connectString)).toBe('hello true BAD_ARGUMENTS true\n');
});

it('tells a program that does not compile', async () => {
  await project.write('wrong.mts', `import { openSession } from 'zooserve/streams';\nopenSession({});\n`);
  await expect(project.compile()).rejects.toThrow(/wrong\.mts\(2,13\).*connectString/s);
  await project.write('wrong.mts', '');
});

it('exports nothing else', async () => {
  await expect(project.run('inside.mjs')).rejects.toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/);
});

it('runs the command from its bundle, which has all that it needs of other packages', async () => {
  const installed = join('..', 'node_modules', 'zooserve');
  expect(await project.run(join(installed, 'bin', 'zooserve.js'), '--help')).toContain('accept-world');
  const notices = await project.read(join(installed, 'dist', 'bundle', 'third-party-notices.txt'));
  expect(notices).toMatch(/^rxjs \d+\.\d+\.\d+ \(Apache-2\.0\)\n\n\s*Apache License/m);
  expect(notices).not.toContain('onnxruntime');
});

it('has the examples that its documentation links, and they run from there', async () => {
  const installed = join('..', 'node_modules', 'zooserve');
  const [name] = /(?<=\.\.\/examples\/)[\w-]+/.exec(await readFile(DOCUMENT, 'utf8')) ?? [];
  const example = join(installed, 'dist', 'examples', name ?? '', 'main.js');
  const args = ['--zookeeper', zookeeper.connectString, '--workers', '1'];
  expect(await project.run(example, ...args)).toContain('1 workers were to start at');
});

it.each([
  ['streams', streams],
  ['coordination', coordination],
])('has each name of zooserve/%s in its documentation', async (room, names) => {
  const text = await readFile(join(PROJECT_ROOT, 'docs', `${room}.md`), 'utf8');
  const undocumented = Object.keys(names).filter((name) => !new RegExp(`[\`( ]${name}\\b`).test(text));
  expect(undocumented).toEqual([]);
});
