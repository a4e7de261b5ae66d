import { createPrivateKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** A certificate and its key in PEM; `issue` signs others with it. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
  issue(request: CertificateRequest): Certificate;
}

export interface CertificateRequest {
  readonly name: string;
  /** Subject alternative names; default none. */
  readonly hosts?: readonly string[];
  /** IPv4. */
  readonly addresses?: readonly string[];
  readonly notAfter?: Date;
}

const YEAR_MS = 365 * 24 * 3600 * 1000;

/** An authority that signs itself. Made here, as a test machine may have neither openssl nor keytool. */
export function certificateAuthority(name: string): Certificate {
  return certificate({ name }, undefined);
}

function certificate(
  request: CertificateRequest,
  issuer: { name: string; key: KeyObject } | undefined,
): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const notAfter = request.notAfter ?? new Date(Date.now() + YEAR_MS);
  const signed = sequence(
    der(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer?.name ?? request.name),
    sequence(utcTime(new Date(notAfter.getTime() - 2 * YEAR_MS)), utcTime(notAfter)),
    distinguishedName(request.name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions(request, issuer === undefined))),
  );
  const signature = sign('sha256', signed, issuer?.key ?? privateKey);
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return {
    cert: pem('CERTIFICATE', sequence(signed, ECDSA_WITH_SHA256, bitString(signature))),
    key,
    issue: (other) => certificate(other, { name: request.name, key: createPrivateKey(key) }),
  };
}

function extensions({ hosts = [], addresses = [] }: CertificateRequest, authority: boolean): Buffer[] {
  const names = [
    ...hosts.map((host) => der(0x82, Buffer.from(host))),
    ...addresses.map((address) => der(0x87, Buffer.from(address.split('.').map(Number)))),
  ];
  return [
    ...(authority ? [sequence(BASIC_CONSTRAINTS, der(0x04, sequence(der(0x01, Buffer.from([0xff])))))] : []),
    ...(names.length > 0 ? [sequence(SUBJECT_ALT_NAME, der(0x04, sequence(...names)))] : []),
  ];
}

/** DER as ITU-T X.690 has it: tag, length in as few bytes as will do, contents. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const { length } = body;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function integer(bytes: Buffer): Buffer {
  return der(0x02, bytes);
}

function bitString(bytes: Buffer): Buffer {
  return der(0x03, Buffer.from([0]), bytes);
}

function utcTime(date: Date): Buffer {
  return der(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`));
}

function distinguishedName(name: string): Buffer {
  return sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(name)))));
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, 'hex'));
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const SUBJECT_ALT_NAME = oid('551d11');
