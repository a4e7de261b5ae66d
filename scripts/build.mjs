import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { bundleFiles, bundleFolder, BUNDLING } from './bundle-files.mjs';
import { run } from './child.mjs';
import { root } from './project.mjs';
import { readIfThere } from './read-if-there.mjs';
import { SetUpError } from './set-up-error.mjs';

const SOURCE_FOLDERS = ['src', 'test', 'bench', 'examples'];
const OTHER_INPUTS = ['tsconfig.json', ...BUNDLING];
const dist = `${root}/dist`;
const stamp = `${dist}/.built-from`;
const compilerState = `${dist}/.tsbuildinfo`;

/** Whether dist/ is what tsc and the bundler make of the sources as they are now. */
export function isBuilt() {
  return readIfThere(stamp) === stampText() && missingOutputs().length === 0;
}

/**
 * `tsc`, incremental, and then the bundle. Outputs of sources that are gone are deleted, since jest would run a stale
 * test. The stamp goes first and comes back last, so that an interrupted build is done again.
 */
export async function build(options) {
  fs.rmSync(stamp, { force: true });
  removeStaleOutputs();
  // The compiler believes its own record and would not write a deleted output again.
  if (missingOutputs().length > 0) fs.rmSync(compilerState, { force: true });
  const before = sourceDigest();
  const tsc = [process.execPath, `${root}/node_modules/typescript/bin/tsc`, '-p', '.'];
  const { ok, output } = await run(tsc, options);
  if (!ok) throw new SetUpError(`The TypeScript sources do not compile:\n${output.trimEnd()}`);
  const bundling = await run([process.execPath, `${root}/scripts/bundle.mjs`], options);
  if (!bundling.ok) throw new SetUpError(`The program cannot be bundled:\n${bundling.output.trimEnd()}`);
  // A source that was edited meanwhile may or may not be in dist: then the next run builds again.
  if (sourceDigest() === before) fs.writeFileSync(stamp, stampText());
}

/** A digest of every source by path and content. */
export function sourceDigest() {
  return digestOf([...OTHER_INPUTS.map((name) => `${root}/${name}`), ...sources()]);
}

/**
 * The compiler's own record is part of it, and the bundle: after a `tsc` by hand on other sources, dist is no longer what
 * we built.
 */
function stampText() {
  return `${sourceDigest()} ${digestOf([compilerState, ...bundleFiles])}\n`;
}

function sources() {
  return SOURCE_FOLDERS.flatMap((folder) => filesBelow(`${root}/${folder}`))
    .filter((file) => /\.([cm]?ts|json)$/.test(file))
    .sort();
}

function missingOutputs() {
  return sources()
    .filter((file) => /(?<!\.d)\.[cm]?ts$/.test(file))
    .map((file) => `${dist}/${path.relative(root, file).replace(/ts$/, 'js')}`)
    .filter((file) => !fs.existsSync(file));
}

function removeStaleOutputs() {
  for (const output of filesBelow(dist)) {
    if (output.startsWith(`${bundleFolder}/`)) continue;
    const source = `${root}/${path.relative(dist, output).replace(/(\.d)?\.([cm]?)[jt]s(\.map)?$/, '.$2ts')}`;
    if (/\.([cm]?[jt]s(\.map)?|json)$/.test(output) && !fs.existsSync(source)) fs.rmSync(output);
  }
}

function filesBelow(folder) {
  if (!fs.existsSync(folder)) return [];
  return fs
    .readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

function digestOf(files) {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${path.relative(root, file)}\0`);
    if (fs.existsSync(file)) hash.update(fs.readFileSync(file));
    hash.update('\0');
  }
  return hash.digest('hex');
}
