import { openSession, type TransactionOp, type ZooKeeperSession } from '../../src/streams/session';

// No server is needed to see that these cannot be right.
let session: ZooKeeperSession;
beforeAll(() => {
  session = openSession({ connectString: '127.0.0.1:1', sessionTimeoutMs: 2000 });
});
afterAll(() => session[Symbol.asyncDispose]());

/** As JavaScript may have it. */
const wrong = (value: unknown) => value as never;
const EMPTY = Buffer.of();

describe('refused, with what would be right', () => {
  it.each<[RegExp, () => Promise<unknown>]>([
    [
      /^version is NaN; it has to be the whole number of a version, or -1 for any$/,
      () => session.set('/a', EMPTY, NaN),
    ],
    [/^version is '3'; /, () => session.set('/a', EMPTY, wrong('3'))],
    [/^version is 1\.5; /, () => session.remove('/a', 1.5)],
    [/^version is 2147483648; /, () => session.remove('/a', 2 ** 31)],
    [
      /^mode is 'ephemeral'; it has to be one of PERSISTENT, EPHEMERAL, /,
      () => session.create('/a', EMPTY, wrong('ephemeral')),
    ],
    [/^mode is 'toString'; /, () => session.create('/a', EMPTY, wrong('toString'))],
    [/^undefined is no znode path: it is no text$/, () => session.get(wrong(undefined))],
    [/^7 is no znode path: it is no text$/, () => session.exists(wrong(7))],
    [
      /^signal is AbortController .*; it has to be an AbortSignal, /,
      () => session.connected(wrong(new AbortController())),
    ],
    [
      /^kind is 'date'; it has to be 'data' or 'children'$/,
      async () => {
        await Promise.resolve();
        void session.watchFreshness(wrong('date'), '/a');
      },
    ],
    [
      /^ops is undefined; it has to be an array of the parts of a transaction$/,
      () => session.multi(wrong(undefined)),
    ],
    [/^ops\[0\] is null; /, () => session.multi(wrong([null]))],
    [
      /^ops\[1\]\.op is 'delete'; it has to be one of create, set, remove, check$/,
      () => session.multi([{ op: 'remove', path: '/a' }, wrong({ op: 'delete', path: '/a' })]),
    ],
    [
      /^ops\[0\]\.mode is 'EPHEMERAL_'; /,
      () => session.multi([{ op: 'create', path: '/a', data: EMPTY, mode: wrong('EPHEMERAL_') }]),
    ],
    [
      /^ops\[0\]\.version is Infinity; /,
      () => session.multi([{ op: 'check', path: '/a', version: Infinity }]),
    ],
    [/^"a" is no znode path: /, () => session.multi([{ op: 'remove', path: 'a' }])],
  ])('%p', async (words, call) => {
    await expect(call()).rejects.toMatchObject({
      code: 'BAD_ARGUMENTS',
      message: expect.stringMatching(words) as string,
      outcome: { mayHaveHappened: false, retryable: false },
    });
  });
});

it.each<[TransactionOp]>([
  [{ op: 'set', path: '/a', data: EMPTY, version: 0 }],
  [{ op: 'remove', path: '/a', version: -(2 ** 31) }],
  [{ op: 'remove', path: '/a' }],
  [{ op: 'create', path: '/a', data: EMPTY }],
  [{ op: 'check', path: '/', version: 2 ** 31 - 1 }],
])('%j is none of those', async (op) => {
  await expect(session.multi([op])).rejects.toMatchObject({ code: 'CONNECTION_LOSS' });
});
