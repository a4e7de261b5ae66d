import { Admission } from '../../src/inference/admission';
import type { AdmittedRequest } from '../../src/inference/admitted-request';
import { Batcher } from '../../src/inference/batcher';
import type { ConfigInForce } from '../../src/inference/config-in-force';
import type { Runner } from '../../src/inference/desk';
import { Expected } from '../../src/inference/expected';
import type { InferenceRequest } from '../../src/inference/inference-request';
import type { BatchToRun } from '../../src/inference/request-batch';
import { unpackBodies } from '../../src/inference/worker/packed-bodies';
import type { BatchAnswers } from '../../src/inference/worker/protocol';
import { admit, inForce, refusal, request, StandInCrew } from './requests';

/** The default config in force. */
export const defaults = inForce();

/** A batcher before workers that answer each request with its own body, when they are told to. */
export class BatcherScene {
  readonly batches: BatchToRun[] = [];
  readonly rows: number[] = [];
  readonly batcher: Batcher;
  readonly #runners: { alive: boolean; run: Runner['run'] }[];
  readonly #crew: StandInCrew;
  readonly #unanswered: Expected<BatchAnswers>[] = [];

  constructor(
    readonly admission = new Admission('iris'),
    { workers = 1, batchable = true } = {},
  ) {
    const run = (batch: BatchToRun) => {
      this.batches.push(batch);
      const answers = new Expected<BatchAnswers>();
      this.#unanswered.push(answers);
      return answers.promise;
    };
    this.#runners = Array.from({ length: workers }, () => ({ alive: true, run }));
    this.batcher = new Batcher({
      runners: this.#runners,
      batchable,
      admission,
      onRows: (rows) => this.rows.push(rows),
    });
    this.#crew = new StandInCrew(admission, (config) => this.batcher.capacity(config));
  }

  add(body: unknown, terms: ConfigInForce = defaults, rest: Partial<InferenceRequest> = {}): AdmittedRequest {
    const admitted = admit(this.admission, terms, request(body, rest), this.#crew);
    this.batcher.add(admitted);
    return admitted;
  }

  /** What one more would be refused with. */
  refusal(terms: ConfigInForce): Promise<never> | undefined {
    return refusal(this.admission, terms, request(), this.#crew);
  }

  /** The bodies of each batch that was handed over. */
  get handedOver(): string[][] {
    return this.batches.map(({ bodies }) =>
      unpackBodies(bodies).map(({ offset, length }) => Buffer.from(bodies, offset, length).toString()),
    );
  }

  /** The epochs of the params that the requests of each batch read. */
  get epochs(): number[][] {
    return this.batches.map(({ bodies }) => unpackBodies(bodies).map(({ tag }) => tag));
  }

  /** Answers the oldest batch that is in progress. */
  async answer(change: (answers: BatchAnswers) => BatchAnswers = (answers) => answers): Promise<void> {
    const batch = this.batches[this.batches.length - this.#unanswered.length];
    if (batch === undefined) throw new Error('no batch is in progress');
    this.#unanswered.shift()?.resolve(
      change({
        type: 'answers',
        id: 0,
        bodies: batch.bodies,
        failures: [],
        rows: [unpackBodies(batch.bodies).length],
      }),
    );
    await turn();
  }

  /** One of its workers is lost. */
  kill(): void {
    const runner = this.#runners.find(({ alive }) => alive);
    if (runner !== undefined) runner.alive = false;
  }

  fail(error: Error): Promise<void> {
    this.#unanswered.shift()?.reject(error);
    return turn();
  }
}

/** Lets everything happen that is due now, under fake timers. */
export async function turn(): Promise<void> {
  await jest.advanceTimersByTimeAsync(0);
}
