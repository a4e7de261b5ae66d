import type { Logger } from 'pino';

/**
 * The log for lines that a model's own config asks for (`log.level`, `log.sampleRate`): that config alone says
 * which are wanted, whatever the level of the replica's log, unless the replica is silent altogether.
 */
export function modelLines(log: Logger): Logger {
  return log.child({}, { level: log.level === 'silent' ? 'silent' : 'trace' });
}
