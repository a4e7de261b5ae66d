import { pino } from 'pino';
import { RequestError } from '../../src/errors';
import { AdmittedRequest } from '../../src/inference/admitted-request';
import { Admission } from '../../src/inference/admission';
import { Batcher } from '../../src/inference/batcher';
import { DEFAULTS_IN_FORCE } from '../../src/inference/config-in-force';
import type { Runner } from '../../src/inference/desk';
import type { InferenceAnswer, InferenceRequest } from '../../src/inference/inference-request';
import { startModelThread } from './start-model-thread';
import { ModelRepository } from '../../src/inference/repository';
import type { WorkerData } from '../../src/inference/worker/protocol';
import { Metrics } from '../../src/metrics';
import { startServer } from '../../src/server/http-server';
import { ModelProcess } from './model-process';

const log = pino({ level: 'silent' });

interface Started {
  readonly runner: Runner;
  readonly batchable: boolean;
}

const WORKERS: Readonly<Record<string, (data: WorkerData) => Promise<Started>>> = {
  process: (data) => ModelProcess.start(data),
  thread: async (data) => {
    const thread = await startModelThread({ data, log });
    return { runner: thread, batchable: thread.ready.signature.batchable };
  },
};

type Infer = (request: InferenceRequest) => Promise<InferenceAnswer>;

/**
 * `main.js <thread | process> <repository> <model>...`: serves version 1 of each model from a worker of that kind. All
 * else, HTTP, batching and codecs, is ours, so that only the way to the worker differs.
 */
async function main([kind = '', root = '', ...models]: readonly string[]): Promise<void> {
  const start = WORKERS[kind];
  if (start === undefined) throw new Error(`there is no worker of kind ${kind}`);
  const served = new Map<string, Infer>();
  const { config, epoch } = DEFAULTS_IN_FORCE;
  for (const model of models) {
    const files = await new ModelRepository(root).locate(model, '1');
    const params = { epoch, params: config.params };
    served.set(
      model,
      batched(model, await start({ files, session: config.session, handlers: false, params })),
    );
  }
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    bodyLimitBytes: 64 * 1024 * 1024,
    plane: {
      infer: async (model, request) => {
        const infer = served.get(model);
        if (infer === undefined) throw new RequestError('UNKNOWN_MODEL', model);
        return infer(request);
      },
      models: () => models,
      metadata: (name) => ({ name, versions: ['1'], platform: 'onnxruntime_onnx', inputs: [], outputs: [] }),
      modelReady: () => true,
      unready: () => undefined,
    },
    metrics: new Metrics(),
    log,
  });
  console.log(JSON.stringify({ url: server.url }));
}

function batched(model: string, { runner, batchable }: Started): Infer {
  const admission = new Admission(model);
  const batcher = new Batcher({ runners: [runner], batchable, admission, onRows: () => undefined });
  const terms = { version: '1', versionStamp: undefined, config: DEFAULTS_IN_FORCE };
  return (request) => {
    const admitted = new AdmittedRequest(request, terms, (settled, wasRunning) => {
      if (!wasRunning) batcher.remove(settled);
      admission.leave(settled, wasRunning);
    });
    admission.enter(admitted);
    batcher.add(admitted);
    return admitted.answer;
  };
}

void main(process.argv.slice(2));
