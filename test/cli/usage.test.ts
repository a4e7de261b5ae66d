import { createServer, type AddressInfo } from 'node:net';
import { zooserve } from '../support/cli';

/** A port on which nothing listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // listening on TCP
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('wrong usage', () => {
  it.each<[string[], RegExp]>([
    [[], /Usage: zooserve/],
    [['config'], /Usage: zooserve config/],
    [['promot', 'iris', '2'], /unknown command 'promot'\n\(Did you mean promote\?\)/],
    [['config', 'sit', 'iris'], /unknown command 'sit'/],
    [['promote', 'iris'], /missing required argument 'version'/],
    [['promote', 'iris', '2', '3'], /too many arguments/],
    [['promote', 'iris', '2', '--wiat'], /unknown option '--wiat'\n\(Did you mean --wait\?\)/],
    [['status', '--wait'], /unknown option '--wait'/],
    [['promote', 'iris', '2', '--reason'], /argument missing/],
    [['promote', '../x', '2'], /"\.\.\/x" is no model; expected 1 to 64 of/],
    [['promote', 'iris', '../../x'], /"\.\.\/\.\.\/x" is no version/],
    [['rollback', 'iris', '.1'], /"\.1" is no version/],
    [['publish', 'iris', 'a b', 'file'], /"a b" is no version/],
    [['status', 'a/b'], /"a\/b" is no model/],
    [
      ['promote', 'iris', '2', '--wait', '--timeout', 'soon'],
      /--timeout: "soon" is no number of seconds above 0/,
    ],
    [['promote', 'iris', '2', '--timeout', '0'], /--timeout: "0"/],
    [['status', '--root', 'x'], /--root: "x" is no znode path/],
    [['status', '--zookeeper', 'a:b'], /--zookeeper: "a:b" is no server/],
    [['--model', 'iris', 'status'], /--model: "iris" should be/],
    [['config', 'set', 'iris'], /missing required argument/],
    [['dev', '--zookeeper', 'a:1'], /--zookeeper: `zooserve dev` starts an ensemble of its own/],
  ])('%j exits 64 and says why', async (args, message) => {
    const { status, stdout, stderr } = await zooserve(args);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
    expect(status).toBe(64);
  });

  it('exits 64 for a wrong variable, and names it', async () => {
    const { status, stderr } = await zooserve(['status'], {
      environment: { ZOOSERVE_SESSION_TIMEOUT_MS: 'x' },
    });
    expect(stderr).toBe(
      'zooserve: ZOOSERVE_SESSION_TIMEOUT_MS: "x" is no whole number from 200 to 3600000\n',
    );
    expect(status).toBe(64);
  });
});

describe('help and version', () => {
  it('prints the help with every command, and that of a command with its flags, variables and defaults', async () => {
    const help = await zooserve(['--help'], { environment: { PORT: 'of no concern here' } });
    expect(help).toMatchObject({ status: 0, stderr: '' });
    for (const name of ['publish', 'promote', 'rollback', 'config', 'status', 'history']) {
      expect(help.stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    }
    const promote = await zooserve(['promote', '--help']);
    expect(promote.status).toBe(0);
    for (const flag of ['--wait', '--timeout', '--force', '--reason', '--models', '--zookeeper', '--auth']) {
      expect(promote.stdout).toContain(`  ${flag}`);
    }
    expect(promote.stdout.replaceAll(/\s+/g, ' ')).toContain('(default: /zooserve, env: ZOOSERVE_ROOT)');
  });

  it('prints the version', async () => {
    expect(await zooserve(['--version'])).toEqual({
      status: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) as string,
      stderr: '',
    });
  });
});

describe('without a ZooKeeper', () => {
  it('exits 1 after a session timeout, with one line that says what to do', async () => {
    const address = `127.0.0.1:${await deadPort()}`;
    const { status, stdout, stderr } = await zooserve([
      'status',
      '--zookeeper',
      address,
      '--session-timeout',
      '500',
    ]);
    expect(stderr).toMatch(
      new RegExp(
        `^zooserve: cannot reach ZooKeeper at ${address} within 0.5 s \\(.*\\): is it running there\\? `,
      ),
    );
    expect(stderr).toMatch(/ `npm start` starts one; --zookeeper or ZOOSERVE_ZOOKEEPER names another\n$/);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  });
});
