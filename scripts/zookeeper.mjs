import fs from 'node:fs';
import { run, tail } from './child.mjs';
import { SetUpError } from './set-up-error.mjs';

const DEBIAN_JAR = '/usr/share/java/zookeeper.jar';
const WAYS_OUT = `Any one of these will do:
  - install both:           apt-get install zookeeper default-jre-headless   (Debian, Ubuntu; as root)
  - bring your own:         a Java runtime on PATH or in JAVA_HOME, and ZOOKEEPER_HOME=<folder of an unpacked
                            https://zookeeper.apache.org/releases.html>
  - use a running ensemble: npx zooserve serve --zookeeper host:port   (the tests need one of the two above)`;

/**
 * What the embedded Apache ZooKeeper still needs on this machine: Debian's package, unless ZOOKEEPER_HOME or the package
 * is there, and a Java runtime. Throws `SetUpError` when ZOOKEEPER_HOME names a folder without ZooKeeper. `debianJar` is
 * where the package puts it.
 *
 * @returns {readonly string[]} names of Debian packages
 */
export function missingForZooKeeper(env = process.env, debianJar = DEBIAN_JAR) {
  const home = env.ZOOKEEPER_HOME;
  if (home && !hasJar(`${home}/lib`) && !hasJar(home)) {
    throw new SetUpError(
      `ZOOKEEPER_HOME is ${home}, and there is no zookeeper jar in it or in its lib/.\n` +
        'Let it name the folder of an unpacked binary release of Apache ZooKeeper, or unset it.',
    );
  }
  return [
    ...(home || fs.existsSync(debianJar) ? [] : ['zookeeper']),
    ...(hasJava(env) ? [] : ['default-jre-headless']),
  ];
}

/** Installs them with apt-get where that may be done without asking; else throws `SetUpError` with the ways out. */
export async function installDebianPackages(packages, options) {
  const prefix = await privilege(options);
  if (prefix === undefined) {
    throw new SetUpError(
      `Not on this machine, and not for this script to install: ${packages.join(', ')}.\n${WAYS_OUT}`,
    );
  }
  const apt = [
    ...prefix,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-o',
    'DPkg::Lock::Timeout=300',
    '-y',
    '-q',
  ];
  // An outdated list may still lead to the packages, so that its failure is told only when theirs follows.
  const update = await run([...apt, 'update'], options);
  const install = await run([...apt, 'install', '--no-install-recommends', ...packages], options);
  if (install.ok) return;
  const output = tail(update.ok ? install.output : `${tail(update.output, 10)}\n${tail(install.output, 15)}`);
  throw new SetUpError(`apt-get could not install ${packages.join(', ')}:\n${output}\n\n${WAYS_OUT}`);
}

/** What to put before apt-get: nothing for root, sudo where it asks for no password; undefined when it can't be run. */
async function privilege(options) {
  if (!onPath('apt-get', process.env)) return undefined;
  if (process.getuid?.() === 0) return [];
  if (onPath('sudo', process.env) && (await run(['sudo', '-n', 'true'], options)).ok) return ['sudo', '-n'];
  return undefined;
}

function hasJar(folder) {
  return (
    fs.existsSync(folder) && fs.readdirSync(folder).some((name) => /^zookeeper(-\d.*)?\.jar$/.test(name))
  );
}

function hasJava(env) {
  return (env.JAVA_HOME && isProgram(`${env.JAVA_HOME}/bin/java`)) || onPath('java', env);
}

function onPath(program, env) {
  return (env.PATH ?? '').split(':').some((folder) => folder !== '' && isProgram(`${folder}/${program}`));
}

function isProgram(file) {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
