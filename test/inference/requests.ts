import { Admission } from '../../src/inference/admission';
import { AdmittedRequest } from '../../src/inference/admitted-request';
import type { ConfigInForce } from '../../src/inference/config-in-force';
import type { InferenceRequest } from '../../src/inference/inference-request';
import { RequestBody } from '../../src/inference/request-body';
import { parseHandlerConfig, type HandlerConfig } from '../../src/handler-config';

/** A config as a znode with these keys would give it. */
export function config(keys: object = {}): HandlerConfig {
  return parseHandlerConfig(Buffer.from(JSON.stringify(keys)));
}

export function inForce(keys: object = {}, epoch = 1): ConfigInForce {
  return { epoch, config: config(keys), stamp: undefined };
}

export function request(body: unknown = {}, rest: Partial<InferenceRequest> = {}): InferenceRequest {
  return {
    body: RequestBody.of(body instanceof Uint8Array ? body : Buffer.from(JSON.stringify(body))),
    jsonLength: -1,
    arrivedAt: performance.now(),
    ...rest,
  };
}

/** Lets a request in as a generation would, without a generation. */
export function admit(
  admission: Admission,
  terms: ConfigInForce,
  begun: InferenceRequest = request(),
): AdmittedRequest {
  admission.requirePlace(terms.config.admission, begun.body.byteLength);
  const admitted = new AdmittedRequest(
    begun,
    { version: '1', versionStamp: undefined, config: terms },
    (settled, wasRunning) => {
      admission.leave(settled, wasRunning);
    },
  );
  // Whoever wants the outcome awaits it; here nobody may.
  admitted.answer.catch(() => undefined);
  admission.enter(admitted);
  return admitted;
}
