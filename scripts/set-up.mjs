import fs from 'node:fs';
import { build, isBuilt } from './build.mjs';
import { dependenciesAreInstalled, installDependencies } from './dependencies.mjs';
import { withLock } from './lock.mjs';
import { root, stateDirectory } from './project.mjs';
import { SetUpError } from './set-up-error.mjs';
import { step } from './step.mjs';
import { installDebianPackages, missingForZooKeeper } from './zookeeper.mjs';

/**
 * Brings this clone to where it can run: dependencies, build and, with `zookeeper: true`, the jars and the Java runtime of
 * the embedded ZooKeeper. Prints one line for each thing that it does, and nothing when nothing is to do. Two at once
 * wait for one another. Throws `SetUpError` or `Interrupted`.
 *
 * @param {{ signal: AbortSignal, zookeeper?: boolean }} options
 */
export async function setUp({ signal, zookeeper = false }) {
  const todo = () => [
    ...(zookeeper ? debianPackages() : []),
    ...(dependenciesAreInstalled() ? [] : [['Installing the dependencies (npm ci)', installDependencies]]),
    ...(isBuilt() ? [] : [['Building (tsc, esbuild)', build]]),
  ];
  if (todo().length === 0) return;
  if (!isWritable(root)) {
    throw new SetUpError(`The set-up has to write to ${root}, and this user may not: run it as its owner.`);
  }
  const onWait = (holder) => console.log(`Waiting for another set-up of this folder (${holder})`);
  await withLock(stateDirectory, { signal, onWait }, async (alsoHeldBy) => {
    for (const [label, work] of todo()) await step(label, () => work({ signal, started: alsoHeldBy }));
  });
}

function debianPackages() {
  const packages = missingForZooKeeper();
  if (packages.length === 0) return [];
  const label = `Installing Apache ZooKeeper for this machine (apt-get install ${packages.join(' ')})`;
  return [[label, (options) => installDebianPackages(packages, options)]];
}

function isWritable(folder) {
  try {
    fs.accessSync(folder, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
