import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { RequestError } from '../errors';
import type { DataPlane, InferenceAnswer, RequestBody } from '../handlers/data-plane';
import { shown } from '../names';
import { contentCoding, decodeBody, encodeBody } from './content-coding';
import { BYTES_TYPE, JSON_TYPE, type AnswerWriter } from './http-answer';
import { httpError } from './http-errors';
import type { Intake, IntakeShare } from './intake';
import { checkMediaType } from './media-type';
import { checkNames, type ModelParams } from './model-names';
import { readBody } from './request-body';
import type { RequestCounter } from './request-counter';
import type { Refuse, RouteHandler, Router } from './router';

export interface InferRouteOptions {
  readonly plane: DataPlane;
  readonly counter: RequestCounter;
  readonly answers: AnswerWriter;
  readonly refuse: Refuse;
  readonly intake: Intake;
  readonly bodyLimitBytes: number;
}

/**
 * `POST .../infer` of the Open Inference Protocol: the bytes of the body go to the data plane as they are, the
 * bytes of its answer to the client. Deadlines count from when the request has arrived whole: how long a client
 * takes to send is bounded by the server's own limits.
 */
export function inferRoute(router: Router, options: InferRouteOptions): void {
  const { plane, counter, answers, intake, bodyLimitBytes } = options;

  const failed = (exchange: Exchange, thrown: unknown): void => {
    const { model } = exchange.params;
    // Names come from strangers: only those that exist may become labels, or the metrics grow without end.
    const known = plane.models().includes(model) ? model : '';
    counter.count(known, '', httpError(thrown).status, exchange.arrivedAt);
    exchange.share.release();
    options.refuse(exchange.response, thrown);
  };

  const predict = async (exchange: Exchange, body: RequestBody): Promise<void> => {
    const { request, response, params, arrivedAt } = exchange;
    try {
      const { headers } = request;
      const jsonLength = parseJsonLength(headers['inference-header-content-length'], body.byteLength);
      const signal = answers.connections.goneSignal(request.socket);
      const { model, version } = params;
      const answering = plane.infer(
        model,
        version === undefined
          ? { body, jsonLength, signal, arrivedAt }
          : { body, jsonLength, version, signal, arrivedAt },
      );
      // It is among the bodies that the model has in hand now, or refused.
      exchange.share.release();
      const answer = await answering;
      const compressing = sendAnswer(answers, response, answer, headers['accept-encoding']);
      if (compressing !== undefined) await compressing;
      counter.count(model, answer.version, 200, arrivedAt);
    } catch (thrown) {
      failed(exchange, thrown);
    }
  };

  const infer: RouteHandler<ModelParams> = (request, response, params) => {
    const share = intake.open();
    const exchange = { request, response, params, share, arrivedAt: performance.now() };
    const limits = { limit: bodyLimitBytes, share };
    const refused = (thrown: unknown): void => {
      failed(exchange, thrown);
    };
    const { headers } = request;
    try {
      checkNames(plane, params);
      checkMediaType(headers['content-type']);
      const coding = contentCoding(headers['content-encoding']);
      readBody(
        request,
        response,
        limits,
        (sent) => {
          exchange.arrivedAt = performance.now();
          if (coding === undefined) {
            void predict(exchange, sent);
            return;
          }
          // Apart from predict(), which would hold what was sent until the answer.
          decodeBody(sent, coding, limits, answers.connections.goneSignal(request.socket)).then(
            (body) => predict(exchange, body),
            refused,
          );
        },
        refused,
      );
    } catch (thrown) {
      refused(thrown);
    }
  };

  router.postModel('/v2/models/:model/infer', infer);
  router.postModel('/v2/models/:model/versions/:version/infer', infer);
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly params: ModelParams;
  /** What its body takes until the data plane has it. */
  readonly share: IntakeShare;
  /** `performance.now()` */
  arrivedAt: number;
}

/** A promise only if the answer has to be compressed first. */
function sendAnswer(
  answers: AnswerWriter,
  response: ServerResponse,
  answer: InferenceAnswer,
  acceptEncoding: string | string[] | undefined,
): Promise<void> | undefined {
  const { jsonLength, versionStamp, configStamp } = answer;
  const body = Buffer.isBuffer(answer.body)
    ? answer.body
    : Buffer.from(answer.body.buffer, answer.body.byteOffset, answer.body.byteLength);
  const headers: OutgoingHttpHeaders = { 'content-type': jsonLength === -1 ? JSON_TYPE : BYTES_TYPE };
  // It counts bytes of the body before any content coding, as in requests.
  if (jsonLength !== -1) headers['inference-header-content-length'] = jsonLength;
  if (versionStamp !== undefined) headers['zooserve-model-zxid'] = versionStamp;
  if (configStamp !== undefined) headers['zooserve-config-zxid'] = configStamp;
  if (typeof acceptEncoding !== 'string') {
    answers.send(response, 200, headers, body);
    return undefined;
  }
  return encodeBody(body, acceptEncoding).then((coded) => {
    if (coded.coding !== undefined) headers['content-encoding'] = coded.coding;
    answers.send(response, 200, headers, coded.body);
  });
}

/** Bytes of JSON before the binary tensors, -1 without the header. @throws RequestError BAD_INPUT */
function parseJsonLength(header: string | string[] | undefined, bodyLength: number): number {
  if (header === undefined) return -1;
  const text = typeof header === 'string' ? header : header.join(', ');
  if (!/^\d{1,15}$/.test(text)) {
    throw new RequestError(
      'BAD_INPUT',
      `Inference-Header-Content-Length is ${shown(text)}; it must be a number of bytes`,
    );
  }
  const length = Number(text);
  if (length > bodyLength) {
    throw new RequestError(
      'BAD_INPUT',
      `Inference-Header-Content-Length is ${length}, but the body has ${bodyLength} bytes`,
    );
  }
  return length;
}
