import { ZooKeeperError } from '../../src/errors';
import { openSession, type SessionOptions } from '../../src/streams/session';

/** What opening a session with these options throws; one that is opened all the same is closed. */
async function refusal(options: Partial<SessionOptions>): Promise<unknown> {
  try {
    await using _ = openSession({ connectString: '127.0.0.1:1', sessionTimeoutMs: 2000, ...options });
    return undefined;
  } catch (error) {
    return error;
  }
}

const acl = (permissions: number) => [
  { scheme: 'world', id: 'anyone', permissions: 1 },
  { scheme: 'world', id: 'anyone', permissions },
];

describe('an option that a session cannot be kept with is refused, and what would be right is said', () => {
  it.each<[Partial<SessionOptions>, RegExp]>([
    [{ sessionTimeoutMs: 1e10 }, /^sessionTimeoutMs is 10000000000; .* from 1 to 2147483647$/],
    [{ sessionTimeoutMs: NaN }, /^sessionTimeoutMs is NaN; it has to be a whole number of milliseconds/],
    [{ sessionTimeoutMs: Infinity }, /^sessionTimeoutMs is Infinity/],
    [{ sessionTimeoutMs: 0 }, /^sessionTimeoutMs is 0/],
    [{ sessionTimeoutMs: -1 }, /^sessionTimeoutMs is -1/],
    [{ sessionTimeoutMs: 2000.5 }, /^sessionTimeoutMs is 2000.5/],
    // As JavaScript may have it.
    [{ sessionTimeoutMs: '2000' as unknown as number }, /^sessionTimeoutMs is '2000'; /],
    [{ auditEveryMs: NaN }, /^auditEveryMs is NaN; .* up to 1000000000, or 0 for never$/],
    [{ auditEveryMs: -1 }, /^auditEveryMs is -1/],
    [{ auditEveryMs: Infinity }, /^auditEveryMs is Infinity/],
    [{ acl: acl(32) }, /^acl\[1\]\.permissions is 32; it has to be a sum of 1 \(r\)/],
    [
      { connectString: undefined as unknown as string },
      /^connectString is undefined; it has to be host:port/,
    ],
    [{ auth: 'digest:a:b' as never }, /^auth is '\(not shown\)'; it has to be \{ scheme: 'digest', /],
    [{ auth: { scheme: 'digest' } as never }, /^auth is '\(not shown\)'/],
    [
      { acl: 'world:anyone:r' as never },
      /^acl is 'world:anyone:r'; it has to be an array: parseAcl makes one$/,
    ],
    [{ tls: {} as never }, /^tls is \{\}; it has to be a function$/],
    [{ lookup: '127.0.0.1' as never }, /^lookup is '127\.0\.0\.1'; it has to be a function$/],
    [{ acl: acl(NaN) }, /^acl\[1\]\.permissions is NaN/],
  ])('%j', async (options, words) => {
    const error = await refusal(options);
    expect(error).toBeInstanceOf(ZooKeeperError);
    expect(error).toMatchObject({
      code: 'BAD_ARGUMENTS',
      message: expect.stringMatching(words) as string,
      outcome: { mayHaveHappened: false, retryable: false },
    });
  });

  it.each<[Partial<SessionOptions>]>([
    [{ sessionTimeoutMs: 1 }],
    [{ sessionTimeoutMs: 2 ** 31 - 1 }],
    [{ auditEveryMs: 0 }],
    [{ auditEveryMs: 0.5 }],
    [{ auditEveryMs: 1e9 }],
    [{ acl: acl(31) }],
  ])('but not %j', async (options) => {
    expect(await refusal(options)).toBeUndefined();
  });
});
