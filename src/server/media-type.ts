import { RequestError } from '../errors';
import { shown } from '../names';

/**
 * Content types whose body is read as an inference request. Whether it has binary tensors is told by
 * Inference-Header-Content-Length alone, so the type only keeps out what is surely something else. The last two
 * are what `curl -d` and `fetch` say of a JSON text when they are not told.
 */
const READ = new Set([
  'application/json',
  'application/octet-stream',
  'application/x-www-form-urlencoded',
  'text/plain',
]);

/** @throws RequestError UNSUPPORTED_MEDIA_TYPE */
export function checkMediaType(contentType: string | undefined): void {
  if (contentType === undefined || READ.has(contentType)) return;
  const [type = ''] = contentType.split(';', 1);
  const bare = type.trim().toLowerCase();
  if (bare === '' || READ.has(bare) || bare.endsWith('+json')) return;
  throw new RequestError(
    'UNSUPPORTED_MEDIA_TYPE',
    `content-type ${shown(contentType)} is not an inference request; send application/json, or application/octet-stream with binary tensors`,
  );
}
