import { destination, pino, type Logger } from 'pino';
import type { LogLevel } from '../handler-config';
import type { Terminal } from './terminal';

/**
 * The log of a process that serves: JSON lines on standard output, for whatever collects them; on a terminal,
 * or when `readable`, lines for a person.
 */
export async function openLog(
  level: LogLevel,
  terminal: Terminal,
  readable = terminal.isInteractive,
): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (!readable) return pino(options, destination({ dest: 1, sync: true }));
  const { default: pretty } = await import('pino-pretty');
  return pino(
    options,
    pretty({
      colorize: terminal.isInteractive,
      translateTime: 'SYS:HH:MM:ss.l',
      singleLine: true,
      sync: true,
    }),
  );
}
