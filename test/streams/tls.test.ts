import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { parseAcl } from '../../src/acl';
import { openSession, type SessionOptions, type ZooKeeperSession } from '../../src/streams/session';
import type { TlsMaterial } from '../../src/streams/tls';
import { certificateAuthority, type Certificate } from '../support/certificates';
import { eventually } from '../support/eventually';
import { passes } from '../support/passes';
import { TcpProxy } from '../support/tcp-proxy';
import { startTlsZooKeeper, type TlsZooKeeper } from '../support/tls-zookeeper';
import { TEST_SESSION_TIMEOUT_MS } from '../support/zookeeper';

const authority = certificateAuthority('the authority');
const stranger = certificateAuthority('a stranger');
const NAMES = { name: 'zk', hosts: ['zk.example', 'localhost'], addresses: ['127.0.0.1'] };
const PAST = new Date(Date.now() - 24 * 3600 * 1000);
/** Every name is this machine's. */
const lookup = () => Promise.resolve(['127.0.0.1']);

let open: TlsZooKeeper;
let closed: TlsZooKeeper;
let expired: TlsZooKeeper;

beforeAll(async () => {
  [open, closed, expired] = await Promise.all([
    startTlsZooKeeper(authority.issue(NAMES), authority),
    startTlsZooKeeper(authority.issue(NAMES), authority, 'need'),
    startTlsZooKeeper(authority.issue({ ...NAMES, notAfter: PAST }), authority),
  ]);
}, 120_000);

afterAll(async () => {
  for (const zookeeper of [open, closed, expired]) await zookeeper[Symbol.asyncDispose]();
});

function trusting(ca: Certificate, own?: Certificate, verifyHostname = true): TlsMaterial {
  return {
    ca: Buffer.from(ca.cert),
    ...(own && { cert: Buffer.from(own.cert), key: Buffer.from(own.key) }),
    verifyHostname,
  };
}

function secure(
  host: string,
  port: number,
  material: TlsMaterial | undefined,
  options: Partial<SessionOptions> = {},
): ZooKeeperSession {
  return openSession({
    connectString: `${host}:${port}`,
    sessionTimeoutMs: TEST_SESSION_TIMEOUT_MS,
    ...(material && { tls: () => material }),
    lookup,
    ...options,
  });
}

async function fails(session: ZooKeeperSession, reason: string, message: RegExp): Promise<void> {
  // A server that has just begun, on a busy machine, may be mute at the first attempt.
  await passes(() => {
    expect(session.lastFailure).toMatchObject({ reason, message: expect.stringMatching(message) as string });
  });
  expect(session.state.name).toBe('CONNECTING');
}

describe('a server with a certificate of a trusted authority', () => {
  it.each(['127.0.0.1', 'localhost', 'zk.example'])('is connected to as %s', async (host) => {
    await using session = secure(host, open.tlsPort, trusting(authority));
    await session.connected(AbortSignal.timeout(10_000));
    expect(await session.exists('/')).toBeDefined();
  });

  it('is found again after a break, with the same session', async () => {
    await using proxy = await TcpProxy.start(open.tlsPort);
    await using session = secure('127.0.0.1', proxy.port, trusting(authority));
    await session.connected(AbortSignal.timeout(10_000));
    const before = session.state;
    proxy.cut();
    await eventually(() => session.state.name === 'SUSPENDED');
    await session.connected(AbortSignal.timeout(10_000));
    expect(session.state).toEqual(before);
  });

  it('is not connected to under another name, unless names do not matter', async () => {
    const { ca } = trusting(authority);
    for (const material of [trusting(authority), { ca: ca! }]) {
      await using strict = secure('zk2.example', open.tlsPort, material);
      await fails(strict, 'TLS_FAILED', /^the server's certificate is for another host .*zk2\.example/);
    }
    await using lax = secure('zk2.example', open.tlsPort, trusting(authority, undefined, false));
    await lax.connected(AbortSignal.timeout(10_000));
  });
});

describe('a server that is not trusted', () => {
  it('is not connected to, and tried again: with the right authority it is', async () => {
    const trusted = [stranger, stranger, authority];
    await using session = secure('127.0.0.1', open.tlsPort, undefined, {
      tls: () => trusting(trusted.length > 1 ? trusted.shift()! : trusted[0]!),
    });
    await fails(
      session,
      'TLS_FAILED',
      /^the server's certificate is not signed by an authority that is trusted/,
    );
    await session.connected(AbortSignal.timeout(10_000));
    expect(trusted).toEqual([authority]);
  });

  it('is none that names do not matter for, either', async () => {
    await using session = secure('127.0.0.1', open.tlsPort, trusting(stranger, undefined, false));
    await fails(session, 'TLS_FAILED', /not signed by an authority/);
  });

  it('has expired', async () => {
    await using session = secure('127.0.0.1', expired.tlsPort, trusting(authority));
    await fails(session, 'TLS_FAILED', /^the server's certificate has expired/);
  });
});

describe('a server that wants a certificate', () => {
  it('takes one of its authority', async () => {
    await using session = secure(
      '127.0.0.1',
      closed.tlsPort,
      trusting(authority, authority.issue({ name: 'ann' })),
    );
    await session.connected(AbortSignal.timeout(10_000));
  });

  it('takes it for an identity, to which what is created may belong', async () => {
    const as = (name: string) =>
      secure('127.0.0.1', closed.tlsPort, trusting(authority, authority.issue({ name })), {
        acl: parseAcl('auth::cdrwa,world:anyone:r'),
      });
    await using ann = as('ann');
    await using bob = as('bob');
    for (const session of [ann, bob]) await session.connected(AbortSignal.timeout(10_000));
    await ann.create('/own');
    await expect(bob.create('/own/b')).rejects.toMatchObject({ code: 'NO_AUTH' });
    await expect(ann.create('/own/a')).resolves.toBe('/own/a');
  });

  it.each([
    ['none', undefined],
    ['one of somebody else', stranger.issue({ name: 'ann' })],
    ['one that has expired', authority.issue({ name: 'ann', notAfter: PAST })],
  ])('refuses %s', async (_, own) => {
    await using session = secure('127.0.0.1', closed.tlsPort, trusting(authority, own));
    await fails(session, 'TLS_FAILED', /^the server refuses the client's certificate, or that there is none/);
  });
});

describe('a misunderstanding', () => {
  it('of a client without TLS on a TLS port is told of', async () => {
    await using session = secure('127.0.0.1', open.tlsPort, undefined);
    await fails(session, 'TURNED_AWAY', /or only those who speak TLS$/);
  });

  it('of a client with TLS on a plain port is told of', async () => {
    await using session = secure('127.0.0.1', open.server.port, trusting(authority));
    await fails(session, 'TLS_FAILED', /hung up during the TLS handshake: is this its TLS port/);
  });

  it.each([
    ['nothing', '', 'MUTE', /no answer within 300 ms/],
    ['something else', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'TLS_FAILED', /^no TLS connection \(/],
  ])('with a server that answers %s ends in time', async (_, answer, reason, message) => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket.on('error', () => undefined));
      socket.on('data', () => socket.write(answer));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo; // It listens on a port.
    await using session = secure('127.0.0.1', port, trusting(authority), { sessionTimeoutMs: 600 });
    await fails(session, reason, message);
    server.close();
    for (const socket of sockets) socket.destroy();
  });

  it('of our own, a key that is none, is told of and tried again', async () => {
    const key = Buffer.from('no key');
    let asked = 0;
    await using session = secure('127.0.0.1', open.tlsPort, undefined, {
      tls: () => {
        asked += 1;
        return asked < 3
          ? { ...trusting(authority, authority.issue({ name: 'ann' })), key }
          : trusting(authority);
      },
    });
    await fails(session, 'TLS_FAILED', /^our own side of TLS is not in order: /);
    await session.connected(AbortSignal.timeout(10_000));
    expect(asked).toBe(3);
  });
});
