import { join } from 'node:path';
import type { Figure, Measurement } from '../figure';
import { inTurns } from '../in-turns';
import { closedLoop } from '../load/closed-loop';
import { type HttpConnection, openConnections } from '../load/http-connection';
import { jsonRequest } from '../load/infer-request';
import { median } from '../percentile';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import { familyBytes } from '../stand/process-memory';
import { ServerProcess } from '../stand/server-process';
import type { Stand } from '../stand/stand';

const WIDTHS = { small: [4, 3], mlp: [784, 512, 512, 10] } as const;
const CONNECTIONS = 32;
const BODIES = 64;
const COPIES = ['small', 'copy-1', 'copy-2', 'copy-3', 'copy-4'];
type Kind = 'process' | 'thread';
type ByKind<T> = Readonly<Record<Kind, T>>;

/** A worker process for each version in memory in place of a worker thread: what it costs, all else the same. */
export async function processes(stand: Stand, scale: Scale): Promise<Measurement> {
  for (const [model, widths] of Object.entries(WIDTHS)) await stand.addPerceptron(model, widths);
  for (const copy of COPIES) await stand.addPerceptron(copy, WIDTHS.small);
  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  {
    await using process = await serve(stand, 'process', Object.keys(WIDTHS));
    await using thread = await serve(stand, 'thread', Object.keys(WIDTHS));
    for (const [clients, unit] of [
      [CONNECTIONS, 'requests/s'],
      [1, 'ms'],
    ] as const) {
      // prettier-ignore
      const connections = {
        process: await openConnections(process.url, clients),
        thread: await openConnections(thread.url, clients),
      };
      for (const [model, [width]] of Object.entries(WIDTHS)) {
        const windows = await measured(connections, model, width, scale);
        details[`${model}, ${clients} clients`] = windows;
        figures.push(
          compared(
            `JSON, ${width} floats, ${clients} connection${clients === 1 ? ', median' : 's'}`,
            unit,
            windows,
          ),
        );
      }
      for (const connection of Object.values(connections).flat()) connection.close();
    }
  }
  const bytes = {
    process: [await perVersion(stand, 'process')],
    thread: [await perVersion(stand, 'thread')],
  };
  figures.push(compared('memory of one more version, a small model', 'MB', bytes));
  return { figures, details };
}

function serve(stand: Stand, kind: Kind, models: readonly string[]): Promise<ServerProcess> {
  const script = join(__dirname, '..', 'workers', 'main.js');
  return ServerProcess.start(script, [kind, stand.repository, ...models]);
}

/** Windows in turn: answers a second, or with one client the median latency in ms. */
async function measured(
  connections: ByKind<readonly HttpConnection[]>,
  model: string,
  width: number,
  scale: Scale,
): Promise<ByKind<number[]>> {
  const requests = someRows(BODIES, [1, width]).map((rows) => jsonRequest(model, rows));
  const window = async (kind: Kind, durationMs = scale.windowMs): Promise<number> => {
    const result = await closedLoop({ connections: connections[kind], requests, durationMs });
    if (result.failed > 0) throw new Error(`${result.failed} requests to ${model} failed`);
    return connections[kind].length === 1 ? median(result.latenciesMs) : result.perSecond;
  };
  await inTurns(1, {
    process: () => window('process', scale.warmUpMs),
    thread: () => window('thread', scale.warmUpMs),
  });
  return inTurns(scale.rounds, { process: () => window('process'), thread: () => window('thread') });
}

/** MB that each of several versions of a small model adds. */
async function perVersion(stand: Stand, kind: Kind): Promise<number> {
  await using one = await serve(stand, kind, COPIES.slice(0, 1));
  await using all = await serve(stand, kind, COPIES);
  const [few, many] = [one, all].map(({ child }) => familyBytes(child.pid ?? NaN));
  return ((many ?? NaN) - (few ?? NaN)) / (COPIES.length - 1) / 1e6;
}

function compared(what: string, unit: string, { process, thread }: ByKind<readonly number[]>): Figure {
  return {
    name: `worker processes, ${what}`,
    measured: { value: median(process), unit, what: 'a process for each version' },
    against: { value: median(thread), unit, what: 'a thread, as ours' },
  };
}
