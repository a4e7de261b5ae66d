import { Servers } from '../../src/streams/servers';
import { openSession } from '../../src/streams/session';
import { eventually } from '../support/eventually';
import { startTestZooKeeper } from '../support/zookeeper';

const never = new AbortController().signal;

describe('the servers of a connect string', () => {
  it('have their turns, in an order of chance; addresses are not looked up', async () => {
    const named = ['10.0.0.1', '10.0.0.2', '::1'].map((host) => ({ host, port: 2181 }));
    const servers = new Servers(named, () => Promise.reject(new Error('asked')));
    const orders = new Set<string>();
    for (let round = 0; round < 3; round += 1) {
      const tried = [];
      for (const _ of named) tried.push(await servers.next(1000, never));
      expect(new Set(tried)).toEqual(new Set(named));
      orders.add(tried.map(({ host }) => host).join());
    }
    expect(orders.size).toBe(1);
    const firsts = await Promise.all(
      Array.from({ length: 200 }, async () => (await new Servers(named).next(1000, never)).host),
    );
    expect(new Set(firsts).size).toBe(3);
  });

  it('are looked up at each turn, and every address of a name is used before one is again', async () => {
    let addresses = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
    const asked: string[] = [];
    const servers = new Servers([{ host: 'zk.example', port: 2181 }], (host) => {
      asked.push(host);
      return Promise.resolve(addresses);
    });
    expect(servers.count).toBe(1);
    const turns = async (count: number): Promise<(string | undefined)[]> => {
      const tried = [];
      for (let turn = 0; turn < count; turn += 1) tried.push((await servers.next(1000, never)).address);
      return tried.sort();
    };
    expect(await turns(3)).toEqual(addresses);
    expect(servers.count).toBe(3);
    expect(await turns(3)).toEqual(addresses);
    addresses = ['10.0.0.9', '10.0.0.9'];
    expect(await turns(2)).toEqual(['10.0.0.9', '10.0.0.9']);
    expect(servers.count).toBe(1);
    expect(asked).toEqual(Array.from({ length: 8 }, () => 'zk.example'));
  });

  it.each([
    [
      'cannot be looked up',
      () => Promise.reject(new Error('ENOTFOUND')),
      /zk\.example could not be looked up: ENOTFOUND/,
    ],
    [
      'cannot be looked up, which is thrown,',
      () => {
        throw new Error('no resolver');
      },
      /zk\.example could not be looked up: no resolver/,
    ],
    // As JavaScript may have it.
    [
      'is looked up as text',
      () => Promise.resolve('10.0.0.1' as unknown as string[]),
      /zk\.example could not be looked up: .*'10\.0\.0\.1'; it has to be an array of addresses/,
    ],
    ['has no address', () => Promise.resolve([]), /zk\.example has no address/],
    ['is not looked up in time', () => new Promise<never>(() => undefined), /not looked up within 20 ms/],
  ])('a name that %s is told of', async (_, lookup, message) => {
    const servers = new Servers([{ host: 'zk.example', port: 2181 }], lookup);
    await expect(servers.next(20, never)).rejects.toMatchObject({
      reason: 'UNREACHABLE',
      message: expect.stringMatching(message) as string,
    });
  });

  it('are waited for no longer than somebody wants', async () => {
    const servers = new Servers(
      [{ host: 'zk.example', port: 2181 }],
      () => new Promise<never>(() => undefined),
    );
    const given = new AbortController();
    const next = servers.next(60_000, given.signal);
    given.abort();
    await expect(next).rejects.toMatchObject({ reason: 'ABORTED' });
  });
});

describe('a session', () => {
  it('finds servers that have moved: its name is looked up for each connect', async () => {
    await using zookeeper = await startTestZooKeeper();
    const { port } = zookeeper.server;
    // One name, first of an address at which nobody serves, then of the server's.
    let address = '127.0.0.2';
    const asked: string[] = [];
    await using session = openSession({
      connectString: `zk.example:${port}`,
      sessionTimeoutMs: 2000,
      lookup: (host) => {
        asked.push(host);
        return Promise.resolve([address]);
      },
    });
    await eventually(() => asked.length >= 3);
    expect(session.lastFailure?.reason).toBe('UNREACHABLE');
    address = '127.0.0.1';
    await session.connected(AbortSignal.timeout(10_000));
  });

  it('survives a name that cannot be looked up for a while', async () => {
    await using zookeeper = await startTestZooKeeper();
    let attempts = 0;
    await using session = openSession({
      connectString: `zk.example:${zookeeper.server.port}`,
      sessionTimeoutMs: 2000,
      lookup: () => {
        attempts += 1;
        return attempts < 3 ? Promise.reject(new Error('EAI_AGAIN')) : Promise.resolve(['127.0.0.1']);
      },
    });
    await eventually(() => session.lastFailure?.message.includes('EAI_AGAIN') === true);
    await session.connected(AbortSignal.timeout(10_000));
    expect(attempts).toBe(3);
  });

  it('asks the system without a lookup of its own', async () => {
    await using zookeeper = await startTestZooKeeper();
    await using session = openSession({
      connectString: `localhost:${zookeeper.server.port}`,
      sessionTimeoutMs: 2000,
    });
    await session.connected(AbortSignal.timeout(10_000));
  });
});
