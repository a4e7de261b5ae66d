import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import pino, { type Logger } from 'pino';
import type { InferenceAnswer, InferenceRequest } from '../../src/inference/inference-request';
import { ModelRepository } from '../../src/inference/repository';
import { ModelSlot, type ModelSlotOptions } from '../../src/inference/slot';
import { Metrics } from '../../src/metrics';
import { eventually } from '../support/eventually';
import { request } from './requests';

const ROOT = resolve(__dirname, '../../..');
export const FIXTURES = join(ROOT, 'test/fixtures/models');
export const SAMPLES = join(ROOT, 'models');

/** What a request asks of {@link handlerSource}, as the value of its first row. */
export const ASKS = { nothing: 0, waitForGate: -1, exit: -2, throwLater: -3, nap: -4 } as const;

/** How long {@link ASKS.nap} blocks the worker's thread. */
export const NAP_MS = 200;

/**
 * A handler whose worker does on request what workers should not do. It notes in the scene's trace each
 * request that it runs and its thread's end.
 */
const HANDLER = `
import { appendFileSync, existsSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
const pause = new Int32Array(new SharedArrayBuffer(4));
const waitFor = (path) => { while (!existsSync(path)) Atomics.wait(pause, 0, 0, 1); };
const note = (line) => appendFileSync(SCENE + '/trace', VERSION + ' ' + line + '\\n');
process.on('exit', () => note('ended'));
note('loading');
if (existsSync(SCENE + '/exit-' + VERSION)) process.exit(5);
if (existsSync(SCENE + '/exit-on-check-' + VERSION)) {
  parentPort.on('message', ({ type }) => { if (type === 'check-params') process.exit(6); });
}
if (existsSync(SCENE + '/hold-' + VERSION)) waitFor(SCENE + '/gate');
export default {
  params: { type: 'object', properties: { strict: { type: 'boolean' } } },
  preprocess(inputs, { params, log }) {
    const [asks] = inputs.input.data;
    note('run ' + asks + ' ' + JSON.stringify(params));
    log.debug('a line at debug');
    if (asks === ${ASKS.waitForGate}) waitFor(SCENE + '/gate');
    if (asks === ${ASKS.nap}) Atomics.wait(pause, 0, 0, ${NAP_MS});
    if (asks === ${ASKS.exit}) process.exit(7);
    if (asks === ${ASKS.throwLater}) setTimeout(() => { throw new Error('thrown later'); });
    return inputs;
  },
};
`;

/** A slot of model `m` over a repository of its own, with versions that tell which one answered. */
export class Scene implements AsyncDisposable {
  readonly slot: ModelSlot;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly lines: readonly { msg: string; [field: string]: unknown }[];

  private constructor(
    readonly directory: string,
    options: Partial<ModelSlotOptions>,
  ) {
    const lines: { msg: string }[] = [];
    this.lines = lines;
    this.log = logInto(lines);
    this.metrics = options.metrics ?? new Metrics();
    this.slot = new ModelSlot({
      model: 'm',
      repository: new ModelRepository(join(directory, 'models')),
      handlers: true,
      metrics: this.metrics,
      log: this.log,
      ...options,
    });
  }

  /** Versions 1 to 4 of the model `which_version`, with the handler above. */
  static async open(options: Partial<ModelSlotOptions> = {}): Promise<Scene> {
    const scene = new Scene(await mkdtemp(join(tmpdir(), 'zooserve-slot-')), options);
    for (const version of ['1', '2', '3', '4']) await scene.add(version);
    return scene;
  }

  /** A slot of one of the models in `root`. */
  static of(root: string, model: string, options: Partial<ModelSlotOptions> = {}): ModelSlot {
    return new ModelSlot({
      model,
      repository: new ModelRepository(root),
      handlers: true,
      metrics: new Metrics(),
      log: pino({ level: 'silent' }),
      ...options,
    });
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async add(version: string, from = join(FIXTURES, 'which_version', version, 'model.onnx')): Promise<void> {
    const directory = this.path(`models/m/${version}`);
    await mkdir(directory, { recursive: true });
    await copyFile(from, join(directory, 'model.onnx'));
    const head = `const SCENE = ${JSON.stringify(this.directory)}; const VERSION = ${JSON.stringify(version)};`;
    await writeFile(join(directory, 'handler.js'), head + HANDLER);
  }

  /** From here on the worker of `version` ends as it loads. */
  async exitOnLoad(version: string): Promise<void> {
    await writeFile(this.path(`exit-${version}`), '');
  }

  async loadWell(version: string): Promise<void> {
    await rm(this.path(`exit-${version}`));
  }

  /** From here on the worker of `version`, once loaded anew, ends when it is asked to check params. */
  async exitOnCheck(version: string): Promise<void> {
    await writeFile(this.path(`exit-on-check-${version}`), '');
  }

  /** From here on the worker of `version` waits for the gate as it loads. */
  async holdLoad(version: string): Promise<void> {
    await writeFile(this.path(`hold-${version}`), '');
  }

  async openGate(): Promise<void> {
    await writeFile(this.path('gate'), '');
  }

  /** What the handlers noted, in order: `<version> loading`, `<version> run <value> <params>`, `<version> ended`. */
  async trace(): Promise<string[]> {
    const text = await readFile(this.path('trace'), 'utf8').catch(() => '');
    return text.split('\n').slice(0, -1);
  }

  async traced(line: string): Promise<void> {
    await eventually(
      () => this.trace(),
      (lines) => lines.some((noted) => noted.startsWith(line)),
    );
  }

  /** The first log line with this message, once there is one. */
  async logged(message: string): Promise<{ msg: string; [field: string]: unknown }> {
    await eventually(() => this.lines.some(({ msg }) => msg === message));
    return this.lines.find(({ msg }) => msg === message)!;
  }

  ask(value: number = ASKS.nothing, rest: Partial<InferenceRequest> = {}): Promise<InferenceAnswer> {
    return this.slot.infer(ask(value, rest));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.openGate();
    await this.slot[Symbol.asyncDispose]();
    await rm(this.directory, { recursive: true });
  }
}

/** How much later than now a request counts as arrived, so that it is in time on a busy machine as well. */
const PATIENCE_MS = 60_000;

/** A request with one FP32 `input`. */
export function rows(
  data: readonly (readonly number[])[],
  rest: Partial<InferenceRequest> = {},
): InferenceRequest {
  const shape = [data.length, data[0]?.length ?? 0];
  return request(
    { inputs: [{ name: 'input', datatype: 'FP32', shape, data }] },
    { arrivedAt: performance.now() + PATIENCE_MS, ...rest },
  );
}

export function ask(value: number, rest: Partial<InferenceRequest> = {}): InferenceRequest {
  return rows([[value]], rest);
}

interface InferenceJson {
  readonly model_version: string;
  readonly outputs: readonly { readonly name: string; readonly data: readonly unknown[] }[];
}

export function json({ body }: InferenceAnswer): InferenceJson {
  return JSON.parse(Buffer.from(body).toString()) as InferenceJson;
}

/** The values of one output of an answer. */
export function output(answer: InferenceAnswer, name: string): readonly unknown[] {
  const found = json(answer).outputs.find((tensor) => tensor.name === name);
  if (found === undefined) throw new Error(`no output ${name} in ${Buffer.from(answer.body).toString()}`);
  return found.data;
}

function logInto(lines: unknown[]): Logger {
  return pino(
    { level: 'info' },
    {
      write: (line: string) => {
        lines.push(JSON.parse(line));
      },
    },
  );
}
