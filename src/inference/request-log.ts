import type { Logger } from 'pino';
import { RequestError, errorMessage } from '../errors';
import type { HandlerConfig, LogLevel } from '../handler-config';
import type { InferenceAnswer, InferenceRequest } from './inference-request';

const SAYS_INFO: ReadonlySet<LogLevel> = new Set(['trace', 'debug', 'info']);

/** A line about `log.sampleRate` of the requests, at level info, once they are answered. */
export function logSampled(
  answer: Promise<InferenceAnswer>,
  request: InferenceRequest,
  { level, sampleRate }: HandlerConfig['log'],
  log: Logger,
): void {
  if (!SAYS_INFO.has(level) || Math.random() >= sampleRate) return;
  const ms = () => Math.round((performance.now() - request.arrivedAt) * 1000) / 1000;
  answer.then(
    ({ version, body }) => {
      log.info(
        { version, ms: ms(), bytesIn: request.body.byteLength, bytesOut: body.byteLength },
        'request answered',
      );
    },
    (error: unknown) => {
      const code = error instanceof RequestError ? error.code : 'INTERNAL';
      log.info({ code, ms: ms(), error: errorMessage(error) }, 'request failed');
    },
  );
}
