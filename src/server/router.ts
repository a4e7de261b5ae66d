import type { IncomingMessage, ServerResponse } from 'node:http';
import findMyWay from 'find-my-way';
import { RequestError } from '../errors';
import { shown } from '../names';
import type { Limits } from './limits';
import type { ModelParams } from './model-names';

/** Answers one request, or throws why not. */
export type RouteHandler<Params = unknown> = (
  request: IncomingMessage,
  response: ServerResponse,
  params: Params,
) => void | Promise<void>;

/** Answers what a handler threw. */
export type Refuse = (response: ServerResponse, thrown: unknown) => void;

const METHODS = ['GET', 'HEAD', 'POST'] as const;

/** Finds the handler of a request by method and path, with or without a slash at its end. */
export class Router {
  readonly #routes: findMyWay.Instance<findMyWay.HTTPVersion.V1>;
  readonly #refuse: Refuse;

  constructor(limits: Pick<Limits, 'maxHeaderBytes'>, refuse: Refuse) {
    this.#refuse = refuse;
    this.#routes = findMyWay({
      ignoreTrailingSlash: true,
      // No name is too long to be told that it is unknown.
      maxParamLength: limits.maxHeaderBytes,
      // No route has a query.
      querystringParser: () => ({}),
      onBadUrl: (path, _request, response) => {
        refuse(response, new RequestError('BAD_INPUT', `the path ${shown(path)} is not a valid URL path`));
      },
      defaultRoute: (request, response) => {
        this.#unknown(request, response);
      },
    });
  }

  /** Answers HEAD too: node's http leaves the body out. */
  get(path: string, handler: RouteHandler): void {
    this.#on(['GET', 'HEAD'], path, handler);
  }

  /** A route with the parameter `:model`, and perhaps `:version`. */
  getModel(path: string, handler: RouteHandler<ModelParams>): void {
    this.#on(['GET', 'HEAD'], path, handler);
  }

  /** A route with the parameter `:model`, and perhaps `:version`. */
  postModel(path: string, handler: RouteHandler<ModelParams>): void {
    this.#on(['POST'], path, handler);
  }

  answer(request: IncomingMessage, response: ServerResponse): void {
    this.#routes.lookup(request, response);
  }

  #on(methods: findMyWay.HTTPMethod[], path: string, handler: RouteHandler<ModelParams>): void {
    this.#routes.on(methods, path, (request, response, params) => {
      try {
        // The router fills in every parameter that the route's own path names, already percent-decoded.
        const done = handler(request, response, params as unknown as ModelParams);
        done?.catch((thrown: unknown) => {
          this.#refuse(response, thrown);
        });
      } catch (thrown) {
        this.#refuse(response, thrown);
      }
    });
  }

  #unknown(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '' } = request;
    const allow = METHODS.filter((name) => this.#routes.find(name, url) !== null).join(', ');
    if (allow === '') {
      this.#refuse(response, new RequestError('UNKNOWN_ROUTE', `there is no route ${method} ${shown(url)}`));
      return;
    }
    response.setHeader('allow', allow);
    this.#refuse(
      response,
      new RequestError('METHOD_NOT_ALLOWED', `${method} is not for ${shown(url)}; use ${allow}`),
    );
  }
}
