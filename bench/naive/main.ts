import { pino } from 'pino';
import { concatMap } from 'rxjs';
import type { DataPlane } from '../../src/handlers/data-plane';
import { ModelRepository } from '../../src/inference/repository';
import { Metrics } from '../../src/metrics';
import { ZnodePaths } from '../../src/registry/paths';
import { startServer } from '../../src/server/http-server';
import { openSession } from '../../src/streams/session';
import type { NaiveModel } from './naive-model';
import { OnTheEventLoop } from './on-the-event-loop';
import { UnloadThenLoad } from './unload-then-load';

const DESIGNS = { 'on-the-event-loop': OnTheEventLoop, 'unload-then-load': UnloadThenLoad };

/**
 * `main.js <design> <connect string> <root> <repository> <model>`: follows the model's version znode, one load after the
 * other.
 */
async function main(args: readonly string[]): Promise<void> {
  const [design = '', connectString = '', root = '', repository = '', model = ''] = args;
  if (!isDesign(design)) throw new Error(`there is no design ${design}`);
  const naive = new DESIGNS[design](model, new ModelRepository(repository));
  const session = openSession({ connectString, sessionTimeoutMs: 40_000 });
  const followed$ = session.watchData(new ZnodePaths(root).version(model)).pipe(
    concatMap(async ({ node }) => {
      if (node !== undefined) await naive.follow(node.data.toString(), node.stat.mzxid);
    }),
  );
  await new Promise<void>((resolve, reject) => {
    followed$.subscribe({ next: () => { resolve(); }, error: reject }); // prettier-ignore
  });
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    bodyLimitBytes: 64 * 1024 * 1024,
    plane: dataPlane(model, naive),
    metrics: new Metrics(),
    log: pino({ level: 'silent' }),
  });
  console.log(JSON.stringify({ url: server.url }));
}

function isDesign(name: string): name is keyof typeof DESIGNS {
  return name in DESIGNS;
}

function dataPlane(model: string, naive: NaiveModel): DataPlane {
  return {
    infer: async (_model, request) => naive.infer(request),
    models: () => [model],
    metadata: () => ({ name: model, versions: [], platform: 'onnxruntime_onnx', inputs: [], outputs: [] }),
    modelReady: () => true,
    unready: () => undefined,
  };
}

void main(process.argv.slice(2));
