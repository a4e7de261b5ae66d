import { parseArgs } from 'node:util';
import { openSession, type ZooKeeperSession } from 'zooserve/streams';

const CONNECT_DEADLINE_MS = 15_000;

/** What an example was called with: `--zookeeper`, and each of its own options, by its name. */
export type Options<Name extends string> = Readonly<Record<Name | 'zookeeper', string>>;

/**
 * Runs an example: reads its options, and says what went wrong. The signal aborts on SIGTERM and Ctrl-C, and when the
 * process that started this one is gone; then the example is to end, with 0.
 *
 * @param defaults the options that it takes beside `--zookeeper`, each with its default
 */
export function example<Name extends string>(
  defaults: Readonly<Record<Name, string>>,
  run: (options: Options<Name>, end: AbortSignal) => Promise<void>,
): void {
  const ending = new AbortController();
  const end = () => {
    ending.abort(new Error('told to end'));
  };
  process.once('SIGTERM', end).once('SIGINT', end).once('disconnect', end);
  void (async () => {
    try {
      await run(options(defaults), ending.signal);
    } catch (error) {
      if (ending.signal.aborted) return;
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    } finally {
      process.off('SIGTERM', end).off('SIGINT', end).off('disconnect', end);
      // The channel to the process that started this one would keep it going.
      if (process.connected) process.disconnect();
    }
  })();
}

/** A session with ZooKeeper, connected; says so when there is none. */
export async function connect(zookeeper: string, end: AbortSignal): Promise<ZooKeeperSession> {
  const session = openSession({ connectString: zookeeper, sessionTimeoutMs: 4000 });
  const patience = new AbortController();
  const giveUp = () => {
    patience.abort();
  };
  const deadline = setTimeout(giveUp, CONNECT_DEADLINE_MS);
  end.addEventListener('abort', giveUp);
  try {
    await session.connected(patience.signal);
    return session;
  } catch (error) {
    await session[Symbol.asyncDispose]();
    throw new Error(`no ZooKeeper at ${zookeeper}; npm start brings one`, { cause: error });
  } finally {
    clearTimeout(deadline);
    end.removeEventListener('abort', giveUp);
  }
}

function options<Name extends string>(defaults: Readonly<Record<Name, string>>): Options<Name> {
  const all = { zookeeper: '127.0.0.1:2181', ...defaults };
  const known = Object.fromEntries(Object.keys(all).map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options: known });
  return { ...all, ...values };
}
