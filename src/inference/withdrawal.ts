import type { AdmittedRequest } from './admitted-request';

/**
 * Lets `requests`, which a worker is given while it runs others, be withdrawn from it: each that is settled before it is
 * begun is marked in what is returned, one byte for each, and the worker leaves it out.
 */
export function withdrawable(requests: readonly AdmittedRequest[]): SharedArrayBuffer {
  const withdrawn = new SharedArrayBuffer(requests.length);
  const marks = new Uint8Array(withdrawn);
  requests.forEach((request, index) => {
    request.lieAhead(() => {
      Atomics.store(marks, index, 1);
    });
  });
  return withdrawn;
}
