import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/embedded/loopback-port';
import type { Certificate } from './certificates';
import { startTestZooKeeper, type TestZooKeeper } from './zookeeper';

export interface TlsZooKeeper extends TestZooKeeper {
  /** Of the port that speaks TLS; that of `connectString` does not. */
  readonly tlsPort: number;
  /** Starts the server again, as another certificate. */
  renew(certificate: Certificate): Promise<void>;
}

const ATTEMPTS = 3;

/** A real server that speaks TLS by Netty, as `certificate`; clients are known by certificates of `authority`. */
export async function startTlsZooKeeper(
  certificate: Certificate,
  authority: Certificate,
  clients: 'none' | 'need' = 'none',
): Promise<TlsZooKeeper> {
  const directory = await mkdtemp(join(tmpdir(), 'zooserve-tls-'));
  const file = (name: string, ...parts: string[]): string => {
    writeFileSync(join(directory, name), parts.join(''));
    return join(directory, name);
  };
  const start = async (attempt: number): Promise<TlsZooKeeper> => {
    const tlsPort = await freePort();
    try {
      const zookeeper = await startTestZooKeeper({
        config: {
          serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory',
          secureClientPort: tlsPort,
          secureClientPortAddress: '127.0.0.1',
          'ssl.keyStore.location': file('server.pem', certificate.key, certificate.cert),
          'ssl.trustStore.location': file('authority.pem', authority.cert),
          'ssl.clientAuth': clients,
        },
      });
      const renew = async (renewed: Certificate): Promise<void> => {
        file('server.pem', renewed.key, renewed.cert);
        await zookeeper.server.restart();
      };
      return { ...zookeeper, tlsPort, renew, [Symbol.asyncDispose]: () => end(zookeeper) };
    } catch (error) {
      // Somebody may have taken the port in between.
      if (attempt < ATTEMPTS) return start(attempt + 1);
      await rm(directory, { recursive: true });
      throw error;
    }
  };
  const end = async (zookeeper: TestZooKeeper): Promise<void> => {
    await zookeeper[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  };
  return start(1);
}
