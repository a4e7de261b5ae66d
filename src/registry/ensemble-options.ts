import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { errorMessage, UsageError } from '../errors';
import type { ConnectionSettings } from '../settings';
import type { SessionOptions } from '../streams/session';
import type { TlsMaterial } from '../streams/tls';

type TlsSettings = Pick<ConnectionSettings, 'tlsCa' | 'tlsCert' | 'tlsKey' | 'tlsHostname'>;

/**
 * How a session with the ensemble of the settings is opened. Throws UsageError when they do not fit each other, or
 * name files that hold no certificates.
 */
export function ensembleOptions(settings: ConnectionSettings): SessionOptions {
  const { zookeeper, sessionTimeoutMs, auth, acl } = settings;
  const tls = tlsOf(settings);
  if (
    auth === undefined &&
    settings.tlsCert === undefined &&
    acl?.some(({ scheme }) => scheme === 'auth') === true
  ) {
    throw new UsageError(
      '--acl: "auth" means the identity that --auth or --zookeeper-tls-cert gives, and there is none',
    );
  }
  return {
    connectString: zookeeper,
    sessionTimeoutMs,
    ...(auth && { auth }),
    ...(acl && { acl }),
    ...(tls && { tls }),
  };
}

/** Reads the files for each connection: whoever renews a certificate need not restart anything. */
function tlsOf(settings: TlsSettings): (() => TlsMaterial) | undefined {
  const { tlsCa, tlsCert, tlsKey, tlsHostname } = settings;
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new UsageError('--zookeeper-tls-cert and --zookeeper-tls-key go together, and one is missing');
  }
  if (tlsCa === undefined && tlsCert === undefined) {
    if (tlsHostname) return undefined;
    throw new UsageError(
      '--no-zookeeper-tls-hostname: there is no TLS without --zookeeper-tls-ca or --zookeeper-tls-cert',
    );
  }
  const material = () => ({
    ...(tlsCa !== undefined && { ca: read('--zookeeper-tls-ca', tlsCa) }),
    ...(tlsCert !== undefined && { cert: read('--zookeeper-tls-cert', tlsCert) }),
    ...(tlsKey !== undefined && { key: read('--zookeeper-tls-key', tlsKey) }),
    verifyHostname: tlsHostname,
  });
  try {
    createSecureContext(material());
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(
      `--zookeeper-tls-ca, -cert and -key should be PEM files, the key without a passphrase and that of the certificate: ${errorMessage(cause)}`,
      { cause },
    );
  }
  return material;
}

function read(flag: string, file: string): Buffer {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (cause) {
    throw new UsageError(`${flag}: ${errorMessage(cause)}`, { cause });
  }
  // OpenSSL passes over a file without any in silence, and then trusts nobody.
  if (!bytes.includes('-----BEGIN ')) throw new UsageError(`${flag}: ${file} is no PEM file`);
  return bytes;
}
