import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PackedProject } from '../support/packed-project';
import { PROJECT_ROOT } from '../support/serve-process';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

interface Example {
  readonly page: string;
  readonly heading: string;
  readonly source: string;
  /** What the page says that it prints. */
  readonly prints: string;
}

const PAGES = ['streams.md', 'coordination.md'];
const HEADING = /^#+ (.*)$/;
/** A program, and what stands below it. */
const BLOCK = /^```ts\n(.*?)^```\n(?:\n^```text\n(.*?)^```\n)?/gms;
const ENSEMBLE = '127.0.0.1:2181';

/** The first example of a page is the beginning of all others. */
async function examplesOf(page: string): Promise<readonly Example[]> {
  const text = await readFile(join(PROJECT_ROOT, 'docs', page), 'utf8');
  const blocks = [...text.matchAll(BLOCK)];
  const beginning = blocks[0]?.[1] ?? '';
  return blocks.slice(1).map(({ index, 1: source = '', 2: prints = '' }) => {
    const above = text.slice(0, index).split('\n');
    const heading = above.findLast((line) => HEADING.test(line)) ?? '';
    return { page, heading, source: `${beginning}\n${source}`, prints };
  });
}

let zookeeper: ZooKeeperPlace;
let project: PackedProject;
let examples: readonly Example[];
beforeAll(async () => {
  [zookeeper, project] = await Promise.all([sharedZooKeeper(), PackedProject.create({ skipLibCheck: true })]);
  examples = (await Promise.all(PAGES.map(examplesOf))).flat();
  for (const [index, { source }] of examples.entries()) {
    const own = source.replace(ENSEMBLE, zookeeper.connectString);
    await project.write(`example-${index}.mts`, `${own}\nawait session[Symbol.asyncDispose]();\n`);
  }
  await project.compile();
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

it('every example in the documentation does what stands below it', async () => {
  const told = [];
  for (const [index, example] of examples.entries()) {
    const printed = await project.run(`example-${index}.mjs`).catch((error: unknown) => String(error));
    told.push({ ...example, prints: printed });
  }
  expect(told).toEqual(examples);
});

it('every part of the documentation has an example', () => {
  const shown = new Set(examples.map(({ page, heading }) => `${page} ${heading}`));
  // Seven parts of the one page, seven recipes on the other.
  expect(shown.size).toBe(7 + 7);
});
