import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { now } from '../clock';
import type { Figure, Measurement } from '../figure';
import { inTurns } from '../in-turns';
import { closedLoop } from '../load/closed-loop';
import { openConnections } from '../load/http-connection';
import { binaryRequest } from '../load/infer-request';
import { median } from '../percentile';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import type { Stand } from '../stand/stand';

const WIDTHS = [784, 512, 512, 10] as const;
const CONNECTIONS = 64;
const BODIES = 16;
/** Rows of the loop that ONNX Runtime runs alone. */
const LOOP_ROWS = 32;
/** Rows of a request; the goal is for the first, the others show what smaller requests cost. */
const ROWS_A_REQUEST = [32, 8, 1] as const;

/** Rows a second with binary tensors, against ONNX Runtime in a loop that does nothing else, on one thread. */
export async function binaryThroughput(stand: Stand, scale: Scale): Promise<Measurement> {
  await stand.addPerceptron('mlp', WIDTHS);
  await using replica = await stand.startReplica('/binary', { mlp: '1' });
  const connections = await openConnections(replica.url, CONNECTIONS);
  const runAlone = await runtimeAlone(join(stand.repository, 'mlp', '1', 'model.onnx'));
  const served = async (rows: number, durationMs: number): Promise<number> => {
    const requests = someRows(BODIES, [rows, WIDTHS[0]]).map((some) => binaryRequest('mlp', some));
    const result = await closedLoop({ connections, requests, durationMs });
    if (result.failed > 0) throw new Error(`${result.failed} requests of ${rows} rows failed`);
    return result.perSecond * rows;
  };
  const contestants = (durationMs: number): Record<string, () => Promise<number>> => ({
    alone: () => runAlone(durationMs),
    ...Object.fromEntries(ROWS_A_REQUEST.map((rows) => [`of ${rows}`, () => served(rows, durationMs)])),
  });
  await inTurns(1, contestants(scale.warmUpMs));
  const windows = await inTurns(scale.rounds, contestants(scale.windowMs));
  for (const connection of connections) connection.close();
  const figures = ROWS_A_REQUEST.map((rows): Figure => ({
    name: `binary tensors, MLP, ${CONNECTIONS} clients, ${rows} ${rows === 1 ? 'row' : 'rows'} a request`,
    measured: { value: median(windows[`of ${rows}`] ?? []), unit: 'rows/s', what: 'ZooServe' },
    against: {
      value: median(windows['alone'] ?? []),
      unit: 'rows/s',
      what: `ONNX Runtime alone in a loop, batch ${LOOP_ROWS}, one thread`,
    },
    ...(rows === ROWS_A_REQUEST[0] ? { goal: { of: 'ratio', atLeast: 0.7 } } : {}),
  }));
  return { figures, details: { windows, windowMs: scale.windowMs } };
}

/** Runs the model on the same batch again and again for a while; tells rows a second. */
async function runtimeAlone(modelPath: string): Promise<(durationMs: number) => Promise<number>> {
  const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const data = someRows(1, [LOOP_ROWS, WIDTHS[0]])[0]?.data ?? new Float32Array();
  const feeds = { input: new Tensor('float32', data, [LOOP_ROWS, WIDTHS[0]]) };
  return async (durationMs) => {
    const began = now();
    let rows = 0;
    while (now() - began < durationMs) {
      await session.run(feeds);
      rows += LOOP_ROWS;
    }
    return (rows / (now() - began)) * 1000;
  };
}
