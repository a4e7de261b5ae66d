import type { Logger } from 'pino';
import { config } from 'rxjs';

/**
 * What a subscriber throws, or an error that it does not handle, RxJS throws out of a timer, which would end the process
 * and with it all that is served. From here on it is logged instead, in the whole process: for programs, not libraries.
 */
export function logUnhandledErrors(log: Logger): void {
  config.onUnhandledError = (error: unknown) => {
    log.error({ err: error }, 'a subscriber threw, or did not handle an error');
  };
}
