import { runInNewContext } from 'node:vm';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';

let session: ZooKeeperSession;
beforeAll(() => {
  session = openSession({ connectString: '127.0.0.1:1', sessionTimeoutMs: 2000 });
});
afterAll(() => session[Symbol.asyncDispose]());

const OPERATIONS: [string, (data: Uint8Array) => Promise<unknown>][] = [
  ['create', (data) => session.create('/a', data)],
  ['set', (data) => session.set('/a', data)],
  [
    'multi, create',
    (data) =>
      session.multi([
        { op: 'create', path: '/b', data: Buffer.from('') },
        { op: 'create', path: '/a', data },
      ]),
  ],
  ['multi, set', (data) => session.multi([{ op: 'set', path: '/a', data }])],
];

describe.each(OPERATIONS)('%s', (_, operation) => {
  it.each<[string, unknown, string]>([
    ['null', null, '[object Null]'],
    ['text', 'text', '[object String]'],
    ['a number', 5, '[object Number]'],
    ['an object', {}, '[object Object]'],
    ['an array', [1], '[object Array]'],
    ['a view of another kind', new Uint16Array(1), '[object Uint16Array]'],
    ['an ArrayBuffer', new ArrayBuffer(1), '[object ArrayBuffer]'],
  ])('refuses %s for data, and says what would be right', async (__, data, kind) => {
    // As JavaScript may have it.
    await expect(operation(data as Uint8Array)).rejects.toMatchObject({
      name: 'ZooKeeperError',
      code: 'BAD_ARGUMENTS',
      message: `the data for /a are ${kind}; they have to be a Uint8Array, such as Buffer.from(text)`,
      outcome: { path: '/a', mayHaveHappened: false, retryable: false },
    });
  });

  it('takes bytes of every kind', async () => {
    const bytes = [Buffer.from('1'), new Uint8Array(1), runInNewContext('new Uint8Array(1)') as Uint8Array];
    for (const data of bytes) {
      // No server is needed to see that they are not refused.
      await expect(operation(data)).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
    }
  });
});

test('set refuses data that were left out', async () => {
  const { set } = session as unknown as { set(path: string): Promise<unknown> }; // As JavaScript may have it.
  await expect(set.call(session, '/a')).rejects.toMatchObject({ code: 'BAD_ARGUMENTS' });
});
