import { programVersion } from '../program-version';
import type { DataPlane } from '../handlers/data-plane';
import type { Metrics } from '../metrics';
import { headerText } from './header-text';
import type { AnswerWriter } from './http-answer';
import type { RequestCounter } from './request-counter';
import type { Router } from './router';

/** Those extensions of the protocol that are really there. */
const EXTENSIONS = ['binary_tensor_data'];

/** On the answer of `/v2/health/ready`: for how many seconds nothing has been heard of ZooKeeper. */
const STALE_HEADER = 'zooserve-stale-seconds';

/** On the answer of `/v2/health/ready` when that is 503: why. The body is the protocol's, which has no place for it. */
const UNREADY_HEADER = 'zooserve-unready';

export interface ServerRoutesOptions {
  readonly plane: DataPlane;
  readonly metrics: Metrics;
  readonly counter: RequestCounter;
  readonly answers: AnswerWriter;
}

/** Health, the server's own metadata, and the metrics. */
export function serverRoutes(router: Router, options: ServerRoutesOptions): void {
  const { plane, metrics, counter, answers } = options;
  const metadata = { name: 'zooserve', version: programVersion(), extensions: EXTENSIONS };

  router.get('/v2', (_request, response) => {
    answers.json(response, 200, metadata);
  });

  router.get('/v2/health/live', (_request, response) => {
    answers.json(response, 200, { live: true });
  });

  router.get('/v2/health/ready', (_request, response) => {
    const unready = answers.connections.draining ? 'it drains' : plane.unready();
    if (unready !== undefined) response.setHeader(UNREADY_HEADER, headerText(unready));
    const since = metrics.zookeeperStaleSince;
    if (since !== undefined)
      response.setHeader(STALE_HEADER, Math.max(0, Math.round((Date.now() - since) / 1000)));
    const ready = unready === undefined;
    answers.json(response, ready ? 200 : 503, { live: true, ready });
  });

  router.get('/metrics', async (_request, response) => {
    counter.flush();
    const text = await metrics.registry.metrics();
    answers.send(response, 200, { 'content-type': metrics.registry.contentType }, Buffer.from(text));
  });
}
