import { combineLatest } from 'rxjs';
import { ModelError, type ZooKeeperError } from '../errors';
import { watchRefusal } from '../registry/watch-refusal';
import { declareHandler } from './event-handler';
import { fallBack } from './fall-back';
import type { ServedModel } from './served-model';

interface Refused {
  readonly version: ZooKeeperError | undefined;
  readonly config: ZooKeeperError | undefined;
}

/**
 * A version or config znode that may not be read is reported; what serves goes on serving. Before any version was
 * read, what the former process served last is served in its place.
 */
export const observeAccess = declareHandler<ServedModel, Refused>({
  name: 'observe-access',
  trigger: {
    kind: 'znode',
    events$: ({ session, paths, model }) =>
      combineLatest({
        version: watchRefusal(session, 'data', paths.version(model)),
        config: watchRefusal(session, 'data', paths.config(model)),
      }),
  },
  note({ version, config }, { observed }) {
    observed.unreadable('version', version && unreadable('the version znode', version));
    observed.unreadable('config', config && unreadable('the config znode', config));
  },
  async run({ version }, context, signal) {
    if (version === undefined) return;
    await context.observed.configRead;
    if (context.observed.record.desired === null && !signal.aborted) await fallBack(context, signal);
  },
});

/** It is tried again, after at most half a minute: a right that is granted makes no event. */
export function unreadable(what: string, cause: ZooKeeperError): ModelError {
  return new ModelError('FETCH_FAILED', `${what} cannot be read: ${cause.message}`, true, { cause });
}
