import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateAuthority } from '../support/certificates';
import { zooserve, type CliResult } from '../support/cli';
import { passes } from '../support/passes';
import { ServeProcess } from '../support/serve-process';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory';
import { startTlsZooKeeper, type TlsZooKeeper } from '../support/tls-zookeeper';

const authority = certificateAuthority('the authority');
const client = authority.issue({ name: 'ann' });

let zookeeper: TlsZooKeeper;
let directory: TemporaryDirectory;
let files: Record<'ca' | 'cert' | 'key' | 'otherCa' | 'noPem', string>;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const file = (name: string, text: string): string => {
    writeFileSync(join(directory.path, name), text);
    return join(directory.path, name);
  };
  files = {
    ca: file('ca.pem', authority.cert),
    cert: file('cert.pem', client.cert),
    key: file('key.pem', client.key),
    otherCa: file('other-ca.pem', certificateAuthority('a stranger').cert),
    noPem: file('ca.der', 'no PEM'),
  };
  const own = authority.issue({ name: 'zk', addresses: ['127.0.0.1'] });
  zookeeper = await startTlsZooKeeper(own, authority, 'need');
}, 120_000);

afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
  await directory[Symbol.asyncDispose]();
});

const at = (host: string): string => `${host}:${zookeeper.tlsPort}`;

function status(args: readonly string[], environment: Record<string, string> = {}): Promise<CliResult> {
  return zooserve(['status', '--zookeeper', at('127.0.0.1'), '--session-timeout', '2000', ...args], {
    environment,
  });
}

test('TLS is spoken with the authority, certificate and key of flags or variables', async () => {
  const flags = [
    '--zookeeper-tls-ca',
    files.ca,
    '--zookeeper-tls-cert',
    files.cert,
    '--zookeeper-tls-key',
    files.key,
  ];
  expect(await status(flags)).toMatchObject({ status: 0 });
  const environment = {
    ZOOSERVE_ZOOKEEPER_TLS_CA: files.ca,
    ZOOSERVE_ZOOKEEPER_TLS_CERT: files.cert,
    ZOOSERVE_ZOOKEEPER_TLS_KEY: files.key,
  };
  expect(await status([], environment)).toMatchObject({ status: 0 });
  const named = ['--zookeeper', at('localhost')];
  expect(await status(named, environment)).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("the server's certificate is for another host") as string,
  });
  expect(await status([...named, '--no-zookeeper-tls-hostname'], environment)).toMatchObject({ status: 0 });

  await using replica = await ServeProcess.start({ zookeeper: at('127.0.0.1'), replica: 'one', args: flags });
  await passes(async () => {
    expect((await fetch(`${replica.url}/v2/health/ready`)).status).toBe(200);
  }, 20_000);
});

test('a TLS connection that fails exits 1 and says why', async () => {
  const own = ['--zookeeper-tls-cert', files.cert, '--zookeeper-tls-key', files.key];
  for (const [args, why] of [
    [
      ['--zookeeper-tls-ca', files.otherCa, ...own],
      "the server's certificate is not signed by an authority that is trusted",
    ],
    [['--zookeeper-tls-ca', files.ca], "the server refuses the client's certificate, or that there is none"],
  ] as const) {
    const { status: exit, stderr } = await status(args);
    expect(stderr).toContain(`zooserve: no TLS connection with ZooKeeper at ${at('127.0.0.1')}: ${why}`);
    expect(exit).toBe(1);
  }
});

test('files that are missing, are no PEM or do not fit each other are wrong usage', async () => {
  const { ca, cert, key, noPem } = files;
  for (const [args, message] of [
    [['--zookeeper-tls-ca', '/none.pem'], /^zooserve: --zookeeper-tls-ca: ENOENT.*none\.pem/],
    [['--zookeeper-tls-ca', noPem], /^zooserve: --zookeeper-tls-ca: .*ca\.der is no PEM file/],
    [['--zookeeper-tls-cert', cert], /-cert and --zookeeper-tls-key go together/],
    [['--zookeeper-tls-ca', ca, '--zookeeper-tls-key', key], /-cert and --zookeeper-tls-key go together/],
    [['--zookeeper-tls-cert', cert, '--zookeeper-tls-key', cert], /should be PEM files/],
    [['--no-zookeeper-tls-hostname'], /there is no TLS without/],
  ] as const) {
    const result = await status(args);
    expect(result.stderr).toMatch(message);
    expect(result.status).toBe(64);
  }
});
