import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { DEFAULT_CONFIG, type LogLevel } from '../../src/handler-config';
import type { ModelFiles } from '../../src/inference/repository';
import { startWorker } from '../../src/inference/start-worker';
import { BodyPacker, unpackBodies } from '../../src/inference/worker/packed-bodies';
import type {
  Batch,
  BatchAnswers,
  FromWorker,
  ToWorker,
  WorkerData,
  WorkerFailed,
  WorkerReady,
} from '../../src/inference/worker/protocol';

/** One request: an object that is sent as JSON, the JSON itself, or JSON followed by binary tensors. */
export type RequestBody = object | string | { readonly json: object | string; readonly tail: Uint8Array };

/** An answer as a client reads it: its JSON and what follows, or the error. */
export type Answer =
  | {
      readonly ok: true;
      readonly text: string;
      readonly json: AnswerJson;
      readonly jsonLength: number;
      readonly tail: Buffer;
    }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface AnswerJson {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly data?: readonly unknown[];
    readonly parameters?: { readonly binary_data_size: number };
  }[];
}

export interface BatchOptions {
  readonly maxRows?: number;
  readonly logLevel?: LogLevel;
  readonly params?: Batch['params'];
  /** Epoch of the params of each request; 0 when absent. */
  readonly epochs?: readonly number[];
}

/** The event loop's side of the protocol with a model's worker thread, as bare as a test wants it. */
export class ModelWorker implements AsyncDisposable {
  readonly messages: FromWorker[] = [];
  readonly #worker: Worker;
  readonly #exited: Promise<number>;
  #ids = 0;

  constructor(files: ModelFiles, options: Partial<WorkerData> = {}) {
    const data: WorkerData = {
      files,
      session: DEFAULT_CONFIG.session,
      handlers: true,
      params: { epoch: 0, params: {} },
      ...options,
    };
    this.#worker = startWorker();
    this.post({ type: 'load', data });
    this.#worker.on('message', (message: FromWorker) => this.messages.push(message));
    this.#exited = once(this.#worker, 'exit').then(([code]: number[]) => code ?? -1);
    this.#exited.catch(() => undefined);
  }

  async ready(): Promise<WorkerReady> {
    const message = await this.#first((one) => one.type === 'ready' || one.type === 'failed');
    if (message.type === 'ready') return message;
    throw new Error(`the worker is not ready: ${JSON.stringify(message)}`);
  }

  async failed(): Promise<WorkerFailed> {
    const message = await this.#first((one) => one.type === 'ready' || one.type === 'failed');
    if (message.type === 'failed') return message;
    throw new Error('the worker is ready');
  }

  /** The thread's own end; rejects with the error that ended it. */
  get exited(): Promise<number> {
    return this.#exited;
  }

  async infer(body: RequestBody, options?: BatchOptions): Promise<Answer> {
    return (await this.batch([body], options)).answers[0]!;
  }

  async batch(
    bodies: readonly RequestBody[],
    { maxRows = 64, logLevel = 'info', params = [{ epoch: 0, params: {} }], epochs = [] }: BatchOptions = {},
  ): Promise<{ readonly answers: readonly Answer[]; readonly rows: readonly number[] }> {
    const id = ++this.#ids;
    const encoded = bodies.map(encodeBody);
    const packer = new BodyPacker(
      encoded.length,
      encoded.reduce((sum, { bytes }) => sum + bytes.length, 0),
    );
    encoded.forEach(({ bytes, jsonLength }, i) => {
      Buffer.from(packer.buffer).set(bytes, packer.place(bytes.length, jsonLength, epochs[i]));
    });
    this.post({ type: 'batch', id, maxRows, bodies: packer.buffer, params, logLevel }, [packer.buffer]);
    const message = (await this.#first((one) => one.type === 'answers' && one.id === id)) as BatchAnswers;
    return { answers: answersOf(message), rows: message.rows };
  }

  post(message: ToWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.post({ type: 'end' });
    await this.#exited.catch(() => undefined);
  }

  async #first(matches: (message: FromWorker) => boolean): Promise<FromWorker> {
    for (;;) {
      const found = this.messages.find(matches);
      if (found !== undefined) return found;
      const ended = this.#exited.then((code) => {
        throw new Error(`the worker ended with ${code}; it said ${JSON.stringify(this.messages)}`);
      });
      const heard = new AbortController();
      try {
        await Promise.race([once(this.#worker, 'message', { signal: heard.signal }), ended]);
      } catch (error) {
        const late = this.messages.find(matches);
        if (late === undefined) throw error;
        return late;
      } finally {
        heard.abort();
      }
    }
  }
}

function encodeBody(body: RequestBody): { bytes: Buffer; jsonLength: number } {
  if (typeof body === 'object' && 'json' in body && 'tail' in body) {
    const json = encodeBody(body.json).bytes;
    return { bytes: Buffer.concat([json, body.tail]), jsonLength: json.length };
  }
  return { bytes: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), jsonLength: -1 };
}

function answersOf({ bodies, failures }: BatchAnswers): Answer[] {
  return unpackBodies(bodies).map(({ offset, length, jsonLength }, index): Answer => {
    const failure = failures.find((one) => one.index === index);
    if (failure !== undefined) return { ok: false, code: failure.code, message: failure.message };
    const bytes = Buffer.from(bodies, offset, length);
    const jsonEnd = jsonLength < 0 ? length : jsonLength;
    const text = bytes.toString('utf8', 0, jsonEnd);
    return {
      ok: true,
      text,
      json: JSON.parse(text) as AnswerJson,
      jsonLength,
      tail: bytes.subarray(jsonEnd),
    };
  });
}
