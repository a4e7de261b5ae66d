import { posix } from 'node:path';
import Exception from 'node-zookeeper-client/lib/Exception';
import { ZooKeeperError, type ZooKeeperErrorCode } from '../errors';

/** What was asked, for the message of an error: `create /zooserve/models`. */
export interface Asked {
  readonly operation: string;
  readonly path?: string;
  /** Whether it changes anything on the server. */
  readonly write: boolean;
  /** The right that it takes, by its letter; absent: none. */
  readonly right?: Right;
}

type Right = keyof typeof RIGHTS;

const RIGHTS = { r: 'read', w: 'write', c: 'create children', d: 'delete children' } as const;

interface Meaning {
  readonly code: ZooKeeperErrorCode;
  readonly words: string;
  readonly retryable?: true;
}

/** The error codes of ZooKeeper 3.8 and 3.9, those that node-zookeeper-client does not know included. */
const MEANINGS = new Map<number, Meaning>([
  [Exception.NO_NODE, { code: 'NO_NODE', words: 'there is no such node' }],
  [Exception.NODE_EXISTS, { code: 'NODE_EXISTS', words: 'the node exists already' }],
  [Exception.NOT_EMPTY, { code: 'NOT_EMPTY', words: 'the node has children' }],
  [Exception.BAD_VERSION, { code: 'VERSION_CONFLICT', words: 'the node has another version by now' }],
  [
    Exception.NO_CHILDREN_FOR_EPHEMERALS,
    { code: 'NO_CHILDREN_FOR_EPHEMERALS', words: 'an ephemeral node has no children' },
  ],
  [Exception.NO_AUTH, { code: 'NO_AUTH', words: 'not allowed' }],
  [
    Exception.INVALID_ACL,
    {
      code: 'INVALID_ACL',
      words: 'the access list is not valid: it says "auth" without an identity, or names one that cannot be',
    },
  ],
  [Exception.BAD_ARGUMENTS, { code: 'BAD_ARGUMENTS', words: 'the server refuses the arguments' }],
  [Exception.AUTH_FAILED, { code: 'AUTH_FAILED', words: 'the credentials were refused' }],
  [Exception.SESSION_EXPIRED, { code: 'SESSION_LOST', words: 'the session has expired', retryable: true }],
  [
    Exception.CONNECTION_LOSS,
    { code: 'CONNECTION_LOSS', words: 'the server lost its leader', retryable: true },
  ],
  [Exception.OPERATION_TIMEOUT, { code: 'TIMEOUT', words: 'the server ran out of time', retryable: true }],
  [-118, { code: 'OTHER', words: 'the session has moved to another server', retryable: true }],
  [-119, { code: 'OTHER', words: 'the server is read-only at the moment', retryable: true }],
  [-122, { code: 'TIMEOUT', words: 'the server ran out of time', retryable: true }],
  [-125, { code: 'OTHER', words: 'the quota is exceeded' }],
  [-127, { code: 'OTHER', words: 'the server is throttling', retryable: true }],
]);

/** The server answered with an error: what was asked did not happen. */
export function replyError(err: number, asked: Asked): ZooKeeperError {
  const meaning = MEANINGS.get(err) ?? { code: 'OTHER' as const, words: 'the server reports an error' };
  const needed = meaning.code === 'NO_AUTH' ? neededRight(asked) : '';
  return zooKeeperError(meaning.code, `${meaning.words}${needed} (ZooKeeper code ${err})`, asked, {
    mayHaveHappened: false,
    retryable: meaning.retryable ?? false,
  });
}

/** A child is made and deleted by the right of its parent. */
function neededRight({ path, right }: Asked): string {
  if (path === undefined || right === undefined) return '';
  const of = right === 'c' || right === 'd' ? posix.dirname(path) : path;
  return `: that takes the right to ${RIGHTS[right]} (${right}) on ${of}`;
}

export function zooKeeperError(
  code: ZooKeeperErrorCode,
  words: string,
  asked: Asked,
  outcome: { readonly mayHaveHappened: boolean; readonly retryable: boolean },
): ZooKeeperError {
  const { operation, path } = asked;
  return new ZooKeeperError(code, `${operation}${path === undefined ? '' : ` ${path}`}: ${words}`, {
    ...(path === undefined ? {} : { path }),
    ...outcome,
  });
}
