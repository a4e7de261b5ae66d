import './begin-low';
import { parentPort, workerData, type MessagePort } from 'node:worker_threads';
import { errorMessage, ModelError } from '../../errors';
import { BatchAnswerer, failWhole } from './answer-batch';
import { Inbox } from './inbox';
import { loadModel, type LoadedModel } from './load-model';
import { SPARE, type FromWorker, type WorkerFailed } from './protocol';
import { giveWayForGood, takeTurn } from './thread-priority';
import { wakeRuntime } from './wake-runtime';

/**
 * The thread of one resident version. It does one thing at a time, in the order asked, and ends itself, always
 * between calls of ONNX Runtime. An exception that `handler.js` lets escape (from a timer, a promise nobody
 * awaits) ends the thread too: Node.js tells the event loop by the worker's `error` event.
 */

/** The load was given up, since the worker was told to end. */
class Ended extends Error {}

async function run(port: MessagePort): Promise<void> {
  const post = (message: FromWorker): void => {
    port.postMessage(message, message.type === 'answers' ? [message.bodies] : []);
  };
  const inbox = new Inbox(port);
  if (workerData === SPARE) await wakeRuntime();
  const first = await inbox.next();
  if (first.type !== 'load') return;
  const { data } = first;
  let loaded: LoadedModel;
  try {
    loaded = await loadModel(data, async (phase) => {
      // A turn of the event loop, for an `end` that has come in the meantime.
      await new Promise(setImmediate);
      if (inbox.ended) throw new Ended();
      post({ type: 'phase', phase });
    });
  } catch (error) {
    if (!(error instanceof Ended)) post(failure(error));
    return;
  }
  const answerer = new BatchAnswerer(loaded, post);
  const checked = answerer.checkParams(data.params.params);
  takeTurn();
  post({
    type: 'ready',
    signature: loaded.signature,
    sha256: loaded.sha256,
    beside: loaded.beside,
    bytes: loaded.bytes,
    ms: loaded.ms,
    paramsRefused: checked.ok ? undefined : checked.refusal,
    hasHandler: loaded.handler !== undefined,
  });
  for (let message = await inbox.next(); message.type !== 'end'; message = await inbox.next()) {
    if (message.type === 'batch') {
      post(await answerer.answer(message).catch((error: unknown) => failWhole(message, error)));
    } else if (message.type === 'check-params') {
      const check = answerer.checkParams(message.params);
      post({ type: 'params-checked', id: message.id, error: check.ok ? undefined : check.refusal });
    }
    loaded.progress.step();
  }
  giveWayForGood();
  await loaded.session.release();
}

function failure(error: unknown): WorkerFailed {
  if (error instanceof ModelError) {
    return { type: 'failed', code: error.code, message: error.message, retryable: error.retryable };
  }
  return { type: 'failed', code: 'BAD_MODEL', message: errorMessage(error), retryable: false };
}

/** Timers that `handler.js` left behind may hold the thread this long after its end. */
const LINGER_MS = 1000;

const port = parentPort;
if (port === null) throw new Error('this file is the main of a worker thread');
void run(port).finally(() => {
  port.close();
  // Ends this thread only, and no native call is under way here.
  setTimeout(() => process.exit(), LINGER_MS).unref();
});
