import { ZnodePaths } from '../../src/registry/paths';
import { pause } from '../clock';
import { HttpConnection } from '../load/http-connection';
import { binaryRequest, getRequest } from '../load/infer-request';
import { median } from '../percentile';
import { someRows } from '../some-rows';
import type { Environment, ServerProcess } from '../stand/server-process';
import type { Stand } from '../stand/stand';
import { latency } from './clients';
import { compare, each, type Knobs, type Measured } from './compare';

const ENVIRONMENTS: Readonly<Record<string, Environment>> = {
  MALLOC_MMAP_THRESHOLD_: { MALLOC_MMAP_THRESHOLD_: '4194304' },
  'without it': { MALLOC_MMAP_THRESHOLD_: undefined },
};
/** 20 MiB each. */
const WIDTHS = [1024, 2048, 1536, 10] as const;
const MODELS = ['one', 'two', 'three', 'four', 'five'] as const;
/** A process of its own a window, so that there is nothing to warm up. */
const ROUNDS = 3;
const WIDE = [1024, 10] as const;
/** Of a request: 8 MiB. */
const ROWS = 2048;
const ASKED = 50;
const SETTLE_MS = 3000;
const POLL_MS = 20;

/** glibc's threshold, in the environment: what models leave in memory that are gone, and what large bodies take. */
export async function allocator({ stand, rounds, windowMs }: Knobs): Promise<void> {
  for (const model of MODELS) await stand.addPerceptron(model, WIDTHS);
  await stand.addPerceptron('wide', WIDE);
  let roots = 0;
  await compare(
    Math.min(rounds, ROUNDS),
    'five 20 MiB models were there',
    each(ENVIRONMENTS, async (environment) => {
      roots += 1;
      const root = `/allocator-${roots}`;
      await using replica = await stand.startReplica(root, { wide: '1' }, [], environment);
      return await left(stand, replica, root);
    }),
    0,
  );
  await using with_ = await stand.startReplica(
    '/with',
    { wide: '1' },
    [],
    ENVIRONMENTS['MALLOC_MMAP_THRESHOLD_'],
  );
  await using without = await stand.startReplica('/without', { wide: '1' }, [], ENVIRONMENTS['without it']);
  const requests = someRows(2, [ROWS, WIDE[0]]).map((rows) => binaryRequest('wide', rows));
  await compare(
    rounds,
    'bodies of 8 MiB, 1 client',
    each({ MALLOC_MMAP_THRESHOLD_: with_, 'without it': without }, ({ url }) =>
      latency(url, requests, windowMs),
    ),
  );
}

/** Loads all models, asks them, and takes their znodes away again: what the process then takes more than before. */
async function left(stand: Stand, replica: ServerProcess, root: string): Promise<Measured> {
  const connection = await HttpConnection.open(replica.url);
  const ask = async (model: string, width: number): Promise<void> => {
    const requests = someRows(1, [1, width]).map((rows) => binaryRequest(model, rows));
    for (let i = 0; i < ASKED; i += 1) for (const request of requests) await connection.ask(request);
  };
  const until = async (model: string, ready: boolean): Promise<void> => {
    const request = getRequest(`/v2/models/${model}/ready`);
    while (((await connection.ask(request)).status === 200) !== ready) await pause(POLL_MS);
  };
  await ask('wide', WIDE[0]);
  const before = await settledMegabytes(replica);
  for (const model of MODELS) {
    await stand.publish(root, model);
    await stand.promoteAll(root, { [model]: '1' });
    await until(model, true);
    await ask(model, WIDTHS[0]);
  }
  const loaded = await settledMegabytes(replica);
  for (const model of MODELS) {
    const paths = new ZnodePaths(root);
    await stand.session.multi([
      { op: 'remove', path: paths.version(model) },
      { op: 'remove', path: paths.model(model) },
    ]);
    await until(model, false);
  }
  const after = await settledMegabytes(replica);
  connection.close();
  return { 'MB they took': loaded - before, 'MB left when they are gone': after - before };
}

async function settledMegabytes(replica: ServerProcess): Promise<number> {
  await pause(SETTLE_MS);
  const looks: number[] = [];
  for (let i = 0; i < 10; i += 1) {
    looks.push(replica.residentBytes / 1e6);
    await pause(POLL_MS);
  }
  return median(looks);
}
