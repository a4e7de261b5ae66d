import { dirname, join } from 'node:path';
import { existsSync } from 'node:fs';
import { errorMessage, ModelError } from '../errors';
import { DEFAULT_CONFIG } from '../handler-config';
import type { FilesBeside } from './files-beside';
import { HANDLER_FILE, SETTINGS_FILE, type ModelFiles } from './repository';
import type { ModelSignature } from './signature';
import { startWorker } from './start-worker';
import type { FromWorker, ToWorker, WorkerData, WorkerPhase } from './worker/protocol';

/** What is found out about a model file by loading it as a server does. */
export interface InspectedModel {
  readonly signature: ModelSignature;
  readonly sha256: string;
  readonly bytes: number;
  readonly beside: FilesBeside;
  readonly hasHandler: boolean;
}

/**
 * Loads, warms and probes a model file as a server would, with the `model.json` and `handler.js` beside it and
 * the default config, in a worker thread. @throws ModelError, as a server would put it into its status.
 */
export async function inspectModel(
  name: { readonly model: string; readonly version: string; readonly path: string },
  options: { readonly handlers?: boolean; readonly onPhase?: (phase: WorkerPhase) => void } = {},
): Promise<InspectedModel> {
  const data: WorkerData = {
    files: filesBeside(name),
    session: DEFAULT_CONFIG.session,
    handlers: options.handlers ?? true,
    params: { epoch: 0, params: DEFAULT_CONFIG.params },
  };
  const worker = startWorker();
  worker.postMessage({ type: 'load', data } satisfies ToWorker);
  return await new Promise<InspectedModel>((resolve, reject) => {
    let outcome: (() => void) | undefined;
    worker.on('message', (message: FromWorker) => {
      if (message.type === 'phase') {
        options.onPhase?.(message.phase);
      } else if (message.type === 'failed') {
        const { code, retryable } = message;
        outcome = () => {
          reject(new ModelError(code, message.message, retryable));
        };
      } else if (message.type === 'ready') {
        const { signature, sha256, beside, bytes, hasHandler } = message;
        outcome = () => {
          resolve({ signature, sha256, beside, bytes, hasHandler });
        };
        worker.postMessage({ type: 'end' } satisfies ToWorker);
      }
    });
    worker.on('error', (cause) => {
      const message = `the worker that loads the model ended: ${errorMessage(cause)}`;
      outcome ??= () => {
        reject(new ModelError('CRASHED_WHILE_LOADING', message, false, { cause }));
      };
    });
    // Only now is nothing of it left, and its memory is free.
    worker.on('exit', (code) => {
      const crash = new ModelError(
        'CRASHED_WHILE_LOADING',
        `the worker that loads the model ended with ${code} and said nothing`,
      );
      (
        outcome ??
        (() => {
          reject(crash);
        })
      )();
    });
  });
}

function filesBeside({
  model,
  version,
  path,
}: {
  readonly model: string;
  readonly version: string;
  readonly path: string;
}): ModelFiles {
  const directory = dirname(path);
  const beside = (name: string): string | undefined =>
    existsSync(join(directory, name)) ? join(directory, name) : undefined;
  return {
    model,
    version,
    directory,
    modelPath: path,
    settingsPath: beside(SETTINGS_FILE),
    handlerPath: beside(HANDLER_FILE),
  };
}
