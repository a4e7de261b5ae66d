import { binaryRequest } from '../load/infer-request';
import { someRows } from '../some-rows';
import { latency, rate } from './clients';
import { compare, each, type Knobs } from './compare';

const MLP = [784, 512, 512, 10] as const;
const ROOT = '/batches';
const CLIENTS = 64;

/** Configs, each of a model of its own that has the name. */
const CONFIGS: Readonly<Record<string, object>> = {
  defaults: {},
  'maxRows-1': { batching: { maxRows: 1 } },
  'maxRows-8': { batching: { maxRows: 8 } },
  'maxDelayMs-2': { batching: { maxDelayMs: 2 } },
  'maxConcurrent-8': { admission: { maxConcurrent: 8 } },
  'intraOpThreads-2': { session: { intraOpThreads: 2 } },
  'graph-disabled': { session: { graphOptimization: 'disabled' } },
};

/** What a batch may be, and how it is run. */
export async function batches({ stand, rounds, windowMs }: Knobs): Promise<void> {
  for (const [model, config] of Object.entries(CONFIGS)) {
    await stand.addPerceptron(model, MLP);
    await stand.configure(ROOT, model, config);
  }
  const promoted = Object.fromEntries(Object.keys(CONFIGS).map((model) => [model, '1']));
  await using replica = await stand.startReplica(ROOT, promoted);
  const of = (model: string, rows: number): Buffer[] =>
    someRows(16, [rows, MLP[0]]).map((some) => binaryRequest(model, some));
  await compare(
    rounds,
    `MLP, 1 row, ${CLIENTS} clients`,
    each(CONFIGS, (_, model) => rate(replica.url, CLIENTS, of(model, 1), windowMs)),
  );
  for (const rows of [1, 32]) {
    await compare(
      rounds,
      `MLP, ${rows === 1 ? '1 row' : `${rows} rows`}, 1 client`,
      each(CONFIGS, (_, model) => latency(replica.url, of(model, rows), windowMs)),
    );
  }
}
