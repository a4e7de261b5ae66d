import fs from 'node:fs';
import os from 'node:os';
import { sourceDigest } from './build.mjs';
import { run } from './child.mjs';
import { root } from './project.mjs';
import { seconds } from './step.mjs';

const cache = 'node_modules/.cache';

/**
 * Runs the checks that need no running code, two lanes side by side (the typed lint takes as long as all the others),
 * after whatever else wants the processor.
 *
 * @param {AbortSignal} signal
 * @returns {Promise<{ passed: number, failed: number, lines: string[] }>} `lines`: one for each, with its output when
 * it failed
 */
export async function runStaticChecks(signal) {
  const lanes = [
    [['eslint', eslint()]],
    [
      ['prettier', bin('prettier/bin/prettier.cjs', '--check', '--log-level=warn', ...prettierCache(), '.')],
      [
        'imports',
        bin('dependency-cruiser/bin/dependency-cruise.mjs', '--output-type', 'err-long', ...IMPORTING),
      ],
      ['file length', [process.execPath, 'scripts/file-length.mjs']],
    ],
  ];
  const totals = { passed: 0, failed: 0, lines: [] };
  await Promise.all(
    lanes.map(async (lane) => {
      for (const [name, command] of lane) {
        const start = performance.now();
        const { ok, output } = await run(command, { signal, env: ENVIRONMENT, started: giveWay });
        totals[ok ? 'passed' : 'failed'] += 1;
        totals.lines.push(
          `${ok ? 'passed' : 'FAILED'}  ${name} (${seconds(start)})${ok ? '' : `\n${output.trimEnd()}`}`,
        );
      }
    }),
  );
  return totals;
}

/**
 * One I/O thread. On a busy machine ESLint was seen to wait for ever for its one file while four threads were idle: a
 * lost wake-up, as of glibc's bug 25847, which takes several waiting threads.
 */
const ENVIRONMENT = { ...process.env, UV_THREADPOOL_SIZE: '1' };

function giveWay(pid) {
  os.setPriority(pid, os.constants.priority.PRIORITY_BELOW_NORMAL);
}

/** What dependency-cruiser looks at; its rules are in .dependency-cruiser.cjs. */
const IMPORTING = ['src', 'test', 'bench', 'examples', 'bin', 'scripts'].filter((folder) =>
  fs.existsSync(`${root}/${folder}`),
);

/**
 * A typed rule's verdict on one file depends on the types in others, so that ESLint's cache (a verdict for each unchanged
 * file) may only be used when no file has changed: one cache for each digest of all sources.
 */
function eslint() {
  const folder = `${cache}/eslint`;
  const name = sourceDigest();
  fs.mkdirSync(`${root}/${folder}`, { recursive: true });
  for (const old of fs.readdirSync(`${root}/${folder}`)) {
    if (old !== name) fs.rmSync(`${root}/${folder}/${old}`);
  }
  const caching = ['--cache', '--cache-strategy', 'content', '--cache-location', `${folder}/${name}`];
  return bin('eslint/bin/eslint.js', '--max-warnings', '0', ...caching, '.');
}

function prettierCache() {
  return ['--cache', '--cache-strategy', 'content', '--cache-location', `${cache}/prettier/checked`];
}

function bin(script, ...args) {
  return [process.execPath, `node_modules/${script}`, ...args];
}
