import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PackedProject } from '../support/packed-project';
import { PROJECT_ROOT } from '../support/serve-process';
import { sharedZooKeeper, type ZooKeeperPlace } from '../support/zookeeper';

interface Example {
  readonly page: string;
  readonly heading: string;
  /** `js`: a whole program in CommonJS. */
  readonly language: string;
  readonly source: string;
  /** What the page says that it prints. */
  readonly prints: string;
}

const PAGES = ['streams.md', 'coordination.md'];
const HEADING = /^#+ (.*)$/;
/** A program, and what stands below it. */
const BLOCK = /^```(ts|js)\n(.*?)^```\n(?:\n^```text\n(.*?)^```\n)?/gms;
const ENSEMBLE = '127.0.0.1:2181';

/** The first one in TypeScript of a page is the beginning of all others. */
async function examplesOf(page: string): Promise<readonly Example[]> {
  const text = await readFile(join(PROJECT_ROOT, 'docs', page), 'utf8');
  const blocks = [...text.matchAll(BLOCK)];
  const beginning = blocks.find(([, language]) => language === 'ts')?.[2] ?? '';
  const others = blocks.filter(([, , source]) => source !== beginning);
  return others.map(({ index, 1: language = '', 2: own = '', 3: prints = '' }) => {
    const above = text.slice(0, index).split('\n');
    const heading = above.findLast((line) => HEADING.test(line)) ?? '';
    const source = language === 'js' ? own : `${beginning}\n${own}\nawait session[Symbol.asyncDispose]();\n`;
    return { page, heading, language, source, prints };
  });
}

function fileOf(index: number, { language }: Example): string {
  return `example-${index}.${language === 'js' ? 'cjs' : 'mjs'}`;
}

let zookeeper: ZooKeeperPlace;
let project: PackedProject;
let examples: readonly Example[];
beforeAll(async () => {
  [zookeeper, project] = await Promise.all([sharedZooKeeper(), PackedProject.create({ skipLibCheck: true })]);
  examples = (await Promise.all(PAGES.map(examplesOf))).flat();
  for (const [index, { language, source }] of examples.entries())
    if (language === 'ts') await project.write(`example-${index}.mts`, source);
  await project.compile();
  // As they stand, in place of what the compiler made of them: they are for those without TypeScript too.
  for (const [index, example] of examples.entries()) {
    const source = example.source.replace(ENSEMBLE, zookeeper.connectString);
    await project.write(join('built', fileOf(index, example)), source);
  }
});
afterAll(async () => {
  await project[Symbol.asyncDispose]();
  await zookeeper[Symbol.asyncDispose]();
});

it('every example in the documentation does what stands below it', async () => {
  const told = [];
  for (const [index, example] of examples.entries()) {
    const printed = await project.run(fileOf(index, example)).catch((error: unknown) => String(error));
    told.push({ ...example, prints: printed });
  }
  expect(told).toEqual(examples);
});

it('every part of the documentation has an example', () => {
  const shown = new Set(examples.map(({ page, heading }) => `${page} ${heading}`));
  // Nine parts of the one page, seven recipes on the other.
  expect(shown.size).toBe(9 + 7);
});
