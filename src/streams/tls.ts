import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import type { ServerAddress } from './connect-string';

/** What a TLS connection with a server is made with, in PEM. */
export interface TlsMaterial {
  /** Whose certificates servers may have; absent: of the authorities that Node.js knows. */
  readonly ca?: Buffer;
  /** Our own certificate and its key, for servers that want one. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
  /** Whether the server's certificate has to be for the host that is connected to; by default it has to. */
  readonly verifyHostname?: boolean;
}

/**
 * Begins a TCP connection, with `tls` one that becomes a TLS connection (`secureConnect`). Throws when `tls` is no
 * certificate, or a key that does not belong to it.
 */
export function dial({ host, port, address = host }: ServerAddress, tls: TlsMaterial | undefined): Socket {
  const socket =
    tls === undefined
      ? connectPlain({ host: address, port })
      : connectSecurely({
          host: address,
          port,
          // What the certificate is compared with, and what a server with several chooses by.
          ...(isIP(host) === 0 && { servername: host }),
          ...(tls.ca && { ca: tls.ca }),
          ...(tls.cert && { cert: tls.cert }),
          ...(tls.key && { key: tls.key }),
          ...(tls.verifyHostname === false && { checkServerIdentity: () => undefined }),
        });
  return socket.setNoDelay(true).setKeepAlive(true);
}

const NOT_TRUSTED = 'is not signed by an authority that is trusted here';

/** OpenSSL's verdicts on the server's certificate. */
const CERTIFICATE_FAULTS = new Map([
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', NOT_TRUSTED],
  ['UNABLE_TO_GET_ISSUER_CERT', NOT_TRUSTED],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', NOT_TRUSTED],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', NOT_TRUSTED],
  ['SELF_SIGNED_CERT_IN_CHAIN', NOT_TRUSTED],
  ['CERT_SIGNATURE_FAILURE', NOT_TRUSTED],
  ['CERT_UNTRUSTED', NOT_TRUSTED],
  ['CERT_HAS_EXPIRED', 'has expired'],
  ['CERT_NOT_YET_VALID', 'is not valid yet'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'is for another host'],
]);

/** What it is most of the time when a server hangs up before there is a TLS connection. */
export const HUNG_UP =
  'the server hung up during the TLS handshake: is this its TLS port (secureClientPort)?';

/** What an error of a TLS connection means, in words; undefined: it has nothing to do with TLS. */
export function tlsTrouble(error: Error): string | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const fault = CERTIFICATE_FAULTS.get(code);
  if (fault !== undefined) return `the server's certificate ${fault} (${error.message})`;
  const alert = /_ALERT_([A-Z_]+)$/.exec(code)?.[1];
  if (alert !== undefined) {
    const words = alert.toLowerCase().replaceAll('_', ' ');
    return /CERTIFICATE|UNKNOWN_CA|HANDSHAKE_FAILURE/.test(alert)
      ? `the server refuses the client's certificate, or that there is none (${words})`
      : `the server ended the TLS handshake (${words})`;
  }
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS')) return `no TLS connection (${error.message})`;
  return undefined;
}
