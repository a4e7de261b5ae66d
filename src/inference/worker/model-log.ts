import type { LogLevel } from '../../handler-config';
import { errorMessage } from '../../errors';
import { describe, isRecord } from '../codec/data-fault';
import type { FromWorker } from './protocol';

type Fields = Readonly<Record<string, unknown>>;
/** Called by code that no compiler has seen: anything may come. */
type Write = (message: unknown, fields?: unknown) => void;

/** The log of a model's own code: `log.info('text', { some: 'fields' })`. */
export type ModelLog = Readonly<Record<Exclude<LogLevel, 'silent'>, Write>>;

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;

/** A log that hands lines at `level` and above to `post`; a line that cannot be passed on says so. */
export function modelLog(level: LogLevel, post: (message: FromWorker) => void): ModelLog {
  const least = level === 'silent' ? LEVELS.length : LEVELS.indexOf(level);
  const writer =
    (at: (typeof LEVELS)[number]): Write =>
    (message, fields) => {
      if (LEVELS.indexOf(at) < least) return;
      post({ type: 'log', level: at, message: errorMessage(message), fields: passable(fields) });
    };
  return Object.freeze({
    trace: writer('trace'),
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    fatal: writer('fatal'),
  });
}

/** Fields as JSON has them: what a message between threads can always carry. */
function passable(fields: unknown): Fields {
  if (!isRecord(fields)) return fields === undefined ? {} : { fields: describe(fields) };
  try {
    const passed: unknown = JSON.parse(JSON.stringify(fields));
    return isRecord(passed) ? passed : {};
  } catch (error) {
    return { fields: `cannot be written as JSON: ${errorMessage(error)}` };
  }
}
