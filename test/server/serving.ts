import { Writable } from 'node:stream';
import pino from 'pino';
import { request } from 'undici';
import { Metrics } from '../../src/metrics';
import { startServer, type HttpServer, type ServerOptions } from '../../src/server/http-server';
import { FakePlane } from './fake-plane';

/** A server on a free port over a {@link FakePlane}, and what it logs. */
export interface Serving extends AsyncDisposable {
  readonly server: HttpServer;
  readonly plane: FakePlane;
  readonly metrics: Metrics;
  /** Each line that was logged, parsed. */
  readonly logged: readonly Record<string, unknown>[];
}

export const BODY_LIMIT = 100_000;

export async function serving(options: Partial<ServerOptions> = {}): Promise<Serving> {
  const plane = new FakePlane();
  const metrics = new Metrics();
  const logged: Record<string, unknown>[] = [];
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    bodyLimitBytes: BODY_LIMIT,
    plane,
    metrics,
    log: collectingLog(logged),
    ...options,
    limits: { idleGraceMs: 10, ...options.limits },
  });
  return {
    server,
    plane,
    metrics,
    logged,
    [Symbol.asyncDispose]: () => server.drain(),
  };
}

/** What `GET /metrics` says. */
export async function metricsOf(s: Serving): Promise<string> {
  const answer = await request(`${s.server.url}/metrics`);
  return answer.body.text();
}

export function collectingLog(logged: Record<string, unknown>[]): pino.Logger {
  const sink = new Writable({
    write(line: Buffer, _encoding, done) {
      logged.push(JSON.parse(line.toString()) as Record<string, unknown>);
      done();
    },
  });
  return pino({ level: 'debug' }, sink);
}
