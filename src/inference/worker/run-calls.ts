import { RequestError } from '../../errors';
import { joinRows, sliceRows, type Tensor } from '../codec/tensor';
import type { InferenceJob } from './inference-job';
import type { ModelSession } from './model-session';
import { ortMessage } from './ort-message';
import { planCalls, type Call } from './plan-calls';

/** Runs requests on one model, joined where the model allows it. */
export class CallRunner {
  readonly #session: ModelSession;
  readonly #onUnbatchable: (reason: string) => void;
  #batchable: boolean;

  /** `onUnbatchable` hears, once, that requests are run one by one from now on. */
  constructor(session: ModelSession, batchable: boolean, onUnbatchable: (reason: string) => void) {
    this.#session = session;
    this.#batchable = batchable;
    this.#onUnbatchable = onUnbatchable;
  }

  /** Sets `outputs` or `failure` of every job. Returns the rows of each call that was made. */
  async run(jobs: readonly InferenceJob[], maxRows: number): Promise<number[]> {
    const rows: number[] = [];
    const signature = this.#session.signature;
    for (const call of planCalls(jobs, { signature, batchable: this.#batchable, maxRows })) {
      if (call.jobs.length > 1 && this.#batchable) await this.#runJoined(call, rows);
      else for (const job of call.jobs) await this.#runAlone(job, rows);
    }
    return rows;
  }

  async #runAlone(job: InferenceJob, rows: number[]): Promise<void> {
    rows.push(rowsOf(job));
    try {
      job.outputs = await this.#session.run(job.inputs, job.wanted);
    } catch (cause) {
      job.failure = runFailure(cause);
    }
  }

  /** One culprit must not fail the others: when the joined call fails, each is run alone. */
  async #runJoined(call: Call<InferenceJob>, rows: number[]): Promise<void> {
    let outputs: ReadonlyMap<string, Tensor> | undefined;
    rows.push(call.rows);
    try {
      outputs = await this.#session.run(this.#join(call), wantedByAny(call.jobs));
    } catch {
      // Each request's own run, below, says what is wrong with it.
      outputs = undefined;
    }
    const odd = outputs === undefined ? undefined : withOtherRows(outputs, call.rows);
    if (odd !== undefined) {
      this.#batchable = false;
      this.#onUnbatchable(`output ${odd} has not one row for each row of the inputs`);
    }
    if (outputs === undefined || odd !== undefined) {
      for (const job of call.jobs) await this.#runAlone(job, rows);
      return;
    }
    let from = 0;
    for (const job of call.jobs) {
      const to = from + rowsOf(job);
      const own = new Map<string, Tensor>();
      for (const [name, tensor] of outputs) own.set(name, sliceRows(tensor, from, to));
      job.outputs = own;
      from = to;
    }
  }

  #join({ jobs, rows }: Call<InferenceJob>): ReadonlyMap<string, Tensor> {
    const inputs = new Map<string, Tensor>();
    for (const { name } of this.#session.signature.inputs) {
      const parts: Tensor[] = [];
      for (const job of jobs) {
        const part = job.inputs.get(name);
        if (part !== undefined) parts.push(part);
      }
      inputs.set(name, joinRows(parts, rows));
    }
    return inputs;
  }
}

/**
 * The model ran when it was warmed up, so what fails now is, as far as can be told, these inputs; a 500 would
 * ask for a retry that fails the same way. Want of memory is ours.
 */
function runFailure(cause: unknown): RequestError {
  const message = ortMessage(cause);
  return /alloc|out of memory/i.test(message)
    ? new RequestError('INTERNAL', `ONNX Runtime ran out of memory: ${message}`, { cause })
    : new RequestError('BAD_INPUT', `inputs: the model does not run on them: ${message}`, { cause });
}

function wantedByAny(jobs: readonly InferenceJob[]): readonly string[] | undefined {
  const names = new Set<string>();
  for (const { wanted } of jobs) {
    if (wanted === undefined) return undefined;
    for (const name of wanted) names.add(name);
  }
  return [...names];
}

function withOtherRows(outputs: ReadonlyMap<string, Tensor>, rows: number): string | undefined {
  for (const [name, { shape }] of outputs) if (shape[0] !== rows) return name;
  return undefined;
}

/** A request without a first dimension counts as one row. */
function rowsOf(job: InferenceJob): number {
  for (const { shape } of job.inputs.values()) return shape[0] ?? 1;
  return 1;
}
