import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { run, tail } from './child.mjs';
import { root } from './project.mjs';
import { readIfThere } from './read-if-there.mjs';
import { SetUpError } from './set-up-error.mjs';

const lockFile = `${root}/package-lock.json`;
const modules = `${root}/node_modules`;
const stamp = `${modules}/.installed-from`;

const PING = [
  'ping',
  '--fetch-retries=1',
  '--fetch-retry-mintimeout=1000',
  '--fetch-timeout=10000',
  '--loglevel=error',
];
const INSTALL = ['ci', '--include=dev', '--ignore-scripts', '--no-progress', '--loglevel=error'];
const NO_NETWORK =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/;

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
 * an interrupted run is done again. Without a network npm would try for minutes, in silence: so it is asked first whether
 * it reaches the registry, and when it does not, installs from its cache or says at once what is missing.
 */
export async function installDependencies(options) {
  fs.rmSync(stamp, { force: true });
  const ping = await run([...npm(), ...PING], options);
  if (ping.status === 127) throw new SetUpError('npm is not on PATH. It comes with Node.js: nodejs.org');
  const noNetwork = ping.ok ? undefined : networkError(ping.output);
  // Every version is pinned with its digest, so that what the cache holds need not be asked for again.
  const from = noNetwork === undefined ? '--prefer-offline' : '--offline';
  const install = await run([...npm(), ...INSTALL, from], options);
  if (!install.ok) throw new SetUpError(explain(install, noNetwork));
  fs.writeFileSync(stamp, wanted());
}

/** The most telling line of npm's output when that speaks of the network; else undefined. */
function networkError(output) {
  const lines = output.split('\n').filter((line) => NO_NETWORK.test(line));
  return (lines.find((line) => line.includes('reason:')) ?? lines[0])?.replace('npm error ', '');
}

function explain({ status, output }, noNetwork) {
  if (noNetwork === undefined) return `npm ci failed with status ${status}:\n${tail(output)}`;
  return (
    `The npm registry cannot be reached, and npm's cache does not hold all the dependencies:\n  ${noNetwork}\n` +
    'Check the network and `npm config get registry` (behind a proxy: `npm config set https-proxy <url>`),\n' +
    'then run the same command again.'
  );
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
