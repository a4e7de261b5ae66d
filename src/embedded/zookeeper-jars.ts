import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where Debian's packages put their jars; the manifest of zookeeper.jar names those that it needs. */
const DEBIAN_JARS = '/usr/share/java';

/**
 * A binding of slf4j, without which the server would log nothing at all, and what Netty, which ZooKeeper needs for TLS,
 * needs beside the jars that the manifest names. All of them are dependencies of the package.
 */
const NOT_IN_ITS_MANIFEST = ['slf4j-simple.jar', 'netty-codec.jar', 'netty-resolver.jar'];

/**
 * The Java class path of Apache ZooKeeper on this machine: `$ZOOKEEPER_HOME` (a release as Apache ships it, or a
 * folder of jars), else Debian's package `zookeeper`. Throws an Error that lists the ways out if there is none.
 */
export function locateZooKeeper(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  debianJars = DEBIAN_JARS,
): string {
  const home = environment['ZOOKEEPER_HOME'];
  if (home !== undefined && home !== '') {
    const jars = [join(home, 'lib'), home].flatMap(jarsIn);
    if (jars.some((jar) => /(^|[\\/])zookeeper(-\d[^\\/]*)?\.jar$/.test(jar))) {
      // The release's own logging configuration lies in conf/.
      return [join(home, 'conf'), ...jars].join(delimiter);
    }
    throw new Error(`ZOOKEEPER_HOME is ${home}, but there is no zookeeper jar in it or in its lib folder`);
  }
  const jar = join(debianJars, 'zookeeper.jar');
  if (existsSync(jar)) {
    return [jar, ...NOT_IN_ITS_MANIFEST.map((name) => join(debianJars, name))].join(delimiter);
  }
  throw new Error(
    [
      'Apache ZooKeeper was not found on this machine. Do one of these:',
      '  - set ZOOKEEPER_HOME to an unpacked release (https://zookeeper.apache.org/releases.html)',
      '  - install the Debian or Ubuntu package: apt-get install zookeeper',
      '  - attach to an ensemble that runs already: zooserve serve --zookeeper host:port',
    ].join('\n'),
  );
}

function jarsIn(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => name.endsWith('.jar'))
    .sort()
    .map((name) => join(directory, name));
}
