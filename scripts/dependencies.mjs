import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { run, tail } from './child.mjs';
import { root } from './project.mjs';
import { readIfThere } from './read-if-there.mjs';
import { SetUpError } from './set-up-error.mjs';

const lockFile = `${root}/package-lock.json`;
const modules = `${root}/node_modules`;
const stamp = `${modules}/.installed-from`;

/** Whether node_modules holds what package-lock.json asks for, made on this platform. */
export function dependenciesAreInstalled() {
  if (readIfThere(stamp) === wanted()) return true;
  // Shared with another folder, or put there by hand: whoever made it looks after it.
  if (fs.lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  if (!npmInstalledTheSame()) return false;
  fs.writeFileSync(stamp, wanted());
  return true;
}

/**
 * `npm ci`, development dependencies included whatever NODE_ENV says. The stamp goes first and comes back last, so that
 * an interrupted run is done again.
 */
export async function installDependencies(options) {
  fs.rmSync(stamp, { force: true });
  const result = await run([...npm(), 'ci', '--include=dev', '--ignore-scripts', '--no-progress'], options);
  if (!result.ok) throw new SetUpError(explain(result));
  fs.writeFileSync(stamp, wanted());
}

function wanted() {
  const digest = createHash('sha256').update(fs.readFileSync(lockFile)).digest('hex');
  return `${digest} ${process.platform} ${process.arch}\n`;
}

/**
 * Somebody ran `npm ci` or `npm install` by hand: npm wrote down, as the last thing it did, what it put there. Packages
 * for other platforms are missing from it and are marked optional in package-lock.json.
 */
function npmInstalledTheSame() {
  const record = readIfThere(`${modules}/.package-lock.json`);
  if (record === undefined) return false;
  let there;
  try {
    there = JSON.parse(record).packages;
  } catch {
    return false;
  }
  const { '': _project, ...asked } = JSON.parse(fs.readFileSync(lockFile, 'utf8')).packages;
  return (
    Object.keys(there).every((name) => name in asked) &&
    Object.entries(asked).every(([name, { version, integrity, optional }]) =>
      name in there
        ? there[name].version === version && there[name].integrity === integrity
        : optional === true,
    )
  );
}

/** The npm that runs this script, else the one on PATH. */
function npm() {
  const running = process.env.npm_execpath;
  return running?.endsWith('npm-cli.js') ? [process.execPath, running] : ['npm'];
}

function explain({ status, output }) {
  const shown = tail(output);
  if (
    /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/.test(
      output,
    )
  ) {
    return (
      `The npm registry cannot be reached, and the dependencies are not installed yet:\n${shown}\n\n` +
      'Check the network and `npm config get registry` (behind a proxy: `npm config set https-proxy <url>`),\n' +
      'then run the same command again.'
    );
  }
  if (status === 127) return 'npm is not on PATH. It comes with Node.js: https://nodejs.org';
  return `npm ci failed with status ${status}:\n${shown}`;
}
