import { once } from 'node:events';
import http, { type RequestListener } from 'node:http';
import net from 'node:net';
import { setImmediate, setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { RequestError } from '../errors';
import type { DataPlane } from '../handlers/data-plane';
import type { Metrics } from '../metrics';
import { Connections } from './connections';
import { AnswerWriter } from './http-answer';
import { httpError } from './http-errors';
import { inferRoute } from './infer-route';
import { Intake } from './intake';
import { DEFAULT_LIMITS, type Limits } from './limits';
import { listen } from './listen';
import { answerMalformedRequests } from './malformed-request';
import { modelRoutes } from './model-routes';
import { RequestCounter } from './request-counter';
import { Router, type Refuse } from './router';
import { serverRoutes } from './server-routes';
import { StalledAnswers } from './stalled-answers';

export interface ServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The most bytes of a request's body, as sent and decompressed; past it 413. */
  readonly bodyLimitBytes: number;
  readonly plane: DataPlane;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly limits?: Partial<Limits>;
}

/**
 * Open Inference Protocol V2 over HTTP/1.1, listening when this resolves. Rejects with an Error that names the
 * flag to change when it cannot listen there.
 */
export async function startServer(options: ServerOptions): Promise<HttpServer> {
  const { plane, metrics, log, bodyLimitBytes } = options;
  const limits: Limits = { ...DEFAULT_LIMITS, ...options.limits };
  const server = createServer(limits);
  const connections = new Connections(server);
  const stalled = new StalledAnswers(limits.stalledAnswerMs);
  const answers = new AnswerWriter(connections, limits, stalled);
  answerMalformedRequests(server, connections, stalled);

  const refuse: Refuse = (response, thrown) => {
    const error = httpError(thrown);
    if (response.headersSent) {
      // Half an answer is out: only cutting the connection tells the client that the rest will not come.
      log.error({ err: thrown, url: response.req.url }, 'a request failed while it was answered');
      response.destroy();
      return;
    }
    if (error.status === 500) {
      log.error({ err: thrown, method: response.req.method, url: response.req.url }, 'a request failed');
    }
    answers.error(response, error);
  };
  const router = new Router(limits, refuse);
  const counter = new RequestCounter(metrics);
  serverRoutes(router, { plane, metrics, counter, answers });
  modelRoutes(router, plane, answers);
  const intake = new Intake(Math.max(limits.intakeBytes, 4 * bodyLimitBytes));
  inferRoute(router, { plane, counter, answers, refuse, intake, bodyLimitBytes });

  const listener: RequestListener = (request, response) => {
    connections.began(request.socket, response);
    if (request.headers.host === undefined && request.httpVersionMinor === 1) {
      refuse(response, new RequestError('BAD_INPUT', 'a request of HTTP/1.1 must have a Host header'));
      return;
    }
    router.answer(request, response);
  };
  // A client that waits for `100 Continue` gets it when its body is about to be read, so that a refusal comes
  // instead of it; any other expectation is ignored, as RFC 9110 (10.1.1) allows.
  server.on('request', listener).on('checkContinue', listener).on('checkExpectation', listener);

  const at = await listen(server, options.host, options.port, log);
  log.info(at, 'listening');
  return new HttpServer(server, connections, { ...at, idleGraceMs: limits.idleGraceMs });
}

export class HttpServer implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #server: http.Server;
  readonly #connections: Connections;
  readonly #idleGraceMs: number;
  #drained: Promise<void> | undefined;

  constructor(
    server: http.Server,
    connections: Connections,
    at: { readonly host: string; readonly port: number; readonly idleGraceMs: number },
  ) {
    this.#server = server;
    this.#connections = connections;
    this.#idleGraceMs = at.idleGraceMs;
    this.port = at.port;
    this.url = `http://${net.isIPv6(at.host) ? `[${at.host}]` : at.host}:${at.port}`;
  }

  /**
   * Not ready from now on, and no new connections. A request that has been sent, or is sent within a moment on
   * a connection that is already open, is answered, and its answer closes the connection. Resolves when the
   * last one is out: nothing bounds that but the requests' own deadlines and the limits on slow clients.
   * Calling it again waits for the same end.
   */
  drain(): Promise<void> {
    this.#drained ??= this.#drain();
    return this.#drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  async #drain(): Promise<void> {
    this.#connections.beginDrain();
    const closed = once(this.#server, 'close');
    // http's own close() would cut idle connections at once and stop looking for requests that take too long.
    net.Server.prototype.close.call(this.#server);
    await Promise.race([closed, delay(this.#idleGraceMs, undefined, { ref: false })]);
    // What has arrived meanwhile is read before this resolves, so that no request is taken for silence.
    await setImmediate();
    this.#connections.closeWhenIdle();
    await closed;
    this.#server.close();
  }
}

function createServer(limits: Limits): http.Server {
  return http.createServer({
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: limits.checkIntervalMs,
    maxHeaderSize: limits.maxHeaderBytes,
    // node's own answer to a request without Host has no body; ours says what is wrong.
    requireHostHeader: false,
  });
}
