import { Admission } from '../../src/inference/admission';
import { AdmittedRequest } from '../../src/inference/admitted-request';
import type { ConfigInForce } from '../../src/inference/config-in-force';
import type { Crew } from '../../src/inference/crews';
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

/** Workers that are not there, as admission sees them. */
export class StandInCrew implements Crew {
  leases = 0;

  constructor(
    admission: Admission,
    readonly capacity: Crew['capacity'] = () => Infinity,
  ) {
    admission.crews.add(this);
  }
}

const CREWS = new WeakMap<Admission, StandInCrew>();

/** The same crew each time, which takes whatever `maxConcurrent` allows. */
function boundless(admission: Admission): StandInCrew {
  const crew = CREWS.get(admission) ?? new StandInCrew(admission);
  CREWS.set(admission, crew);
  return crew;
}

/** What a request is refused with, if it is. */
export function refusal(
  admission: Admission,
  terms: ConfigInForce,
  begun: InferenceRequest = request(),
  crew: Crew = boundless(admission),
): Promise<never> | undefined {
  return admission.refusal(terms.config, begun.body.byteLength, crew);
}

/** Lets a request in as a generation would, without a generation. */
export function admit(
  admission: Admission,
  terms: ConfigInForce,
  begun: InferenceRequest = request(),
  crew = boundless(admission),
): AdmittedRequest {
  if (refusal(admission, terms, begun, crew) !== undefined) throw new Error('it is refused');
  const admitted = new AdmittedRequest(
    begun,
    { version: '1', versionStamp: undefined, config: terms },
    (settled, wasRunning) => {
      crew.leases -= 1;
      admission.leave(settled, wasRunning);
    },
  );
  // Whoever wants the outcome awaits it; here nobody may.
  admitted.answer.catch(() => undefined);
  crew.leases += 1;
  admission.enter(admitted);
  return admitted;
}
