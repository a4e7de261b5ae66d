import { ZooKeeperError } from '../../src/errors';
import type { TransactionOp, ZooKeeperSession } from '../../src/streams/session';

/** The session with one method replaced. */
export function replacing<Name extends keyof ZooKeeperSession>(
  session: ZooKeeperSession,
  method: Name,
  replacement: ZooKeeperSession[Name],
): ZooKeeperSession {
  return new Proxy(session, {
    get(target, name) {
      if (name === method) return replacement;
      const value: unknown = Reflect.get(target, name, target);
      // Methods with private fields need their own object.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

/** The session, with something done before each transaction, after all was read for it, and after it. */
export function meddling(
  session: ZooKeeperSession,
  before: (attempt: number) => Promise<unknown>,
  after?: (attempt: number) => void,
): ZooKeeperSession {
  let attempt = 0;
  return replacing(session, 'multi', async (ops: readonly TransactionOp[]) => {
    attempt += 1;
    await before(attempt);
    await session.multi(ops);
    after?.(attempt);
  });
}

export function connectionLost(mayHaveHappened: boolean): ZooKeeperError {
  return new ZooKeeperError('CONNECTION_LOSS', 'lost', { mayHaveHappened, retryable: true });
}
