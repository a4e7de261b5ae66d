import { RequestError } from '../errors';
import type { AdmittedRequest } from './admitted-request';
import { BodyPacker, unpackBodies } from './worker/packed-bodies';
import type { Batch, BatchAnswers } from './worker/protocol';

/** A batch without what the worker's thread adds to it. */
export type BatchToRun = Omit<Batch, 'type' | 'id'>;

/** The batch of `requests`, at least one and all of one config; see {@link Batch.withdrawn}. */
export function batchOf(requests: readonly AdmittedRequest[], withdrawn?: SharedArrayBuffer): BatchToRun {
  const config = requests[0]?.terms.config;
  if (config === undefined) throw new Error('a batch has at least one request');
  const { epoch } = config;
  const { batching, params, log } = config.config;
  let total = 0;
  for (const { request } of requests) total += request.body.byteLength;
  const packer = new BodyPacker(requests.length, total);
  const bytes = new Uint8Array(packer.buffer);
  for (const { request } of requests) {
    const { body, jsonLength } = request;
    body.copyTo(bytes, packer.place(body.byteLength, jsonLength, epoch));
  }
  return {
    maxRows: batching.maxRows,
    bodies: packer.buffer,
    params: [{ epoch, params }],
    logLevel: log.level,
    withdrawn,
  };
}

/** Settles each of `requests` as the worker answered it. */
export function settle(requests: readonly AdmittedRequest[], { bodies, failures }: BatchAnswers): void {
  for (const { index, code, message } of failures) requests[index]?.fail(new RequestError(code, message));
  const answers = unpackBodies(bodies);
  requests.forEach((request, index) => {
    const answer = answers[index];
    if (answer === undefined) request.fail(new RequestError('INTERNAL', 'the worker left a request out'));
    else request.succeed(Buffer.from(bodies, answer.offset, answer.length), answer.jsonLength);
  });
}
