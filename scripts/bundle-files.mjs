import fs from 'node:fs';
import { root } from './project.mjs';

/** What is bundled, by the name of the file that it becomes; the command line starts the other as a thread. */
export const PROGRAMS = {
  zooserve: 'src/cli/main.ts',
  'model-worker': 'src/inference/worker/model-worker.ts',
};
export const bundleFolder = `${root}/dist/bundle`;
export const noticesFile = `${bundleFolder}/third-party-notices.txt`;
export const bundleFiles = [
  ...Object.keys(PROGRAMS).map((name) => `${bundleFolder}/${name}.js`),
  noticesFile,
];

/** What the bundle depends on besides the sources. */
export const BUNDLING = [
  'package-lock.json',
  'bin/load-bundle.js',
  ...['bundle.mjs', 'bundle-files.mjs', 'record-start.mjs', 'record-start.cjs'].map(
    (name) => `scripts/${name}`,
  ),
];

/** tsc writes its record each time that a source has changed. */
const INPUTS = ['dist/.tsbuildinfo', ...BUNDLING];

/** Whether the bundle was made after tsc has last found a change, by the files' times. */
export function isBundled() {
  const newest = Math.max(...INPUTS.map((name) => changedAt(`${root}/${name}`)));
  return bundleFiles.every((file) => changedAt(file) >= newest);
}

/** ms since 1970; -Infinity for a file that is not there. */
function changedAt(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
}
