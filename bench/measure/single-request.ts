import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { now } from '../clock';
import type { Figure, Measurement } from '../figure';
import { inTurns } from '../in-turns';
import { closedLoop } from '../load/closed-loop';
import { HttpConnection } from '../load/http-connection';
import { jsonRequest, type Rows } from '../load/infer-request';
import { median } from '../percentile';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import type { Stand } from '../stand/stand';

const WIDTHS = { small: [4, 3], mlp: [784, 512, 512, 10] } as const;
const ROUNDS = 10;

/** What a lone client waits for, over the run of the model itself: JSON, one request at a time. */
export async function singleRequest(stand: Stand, scale: Scale): Promise<Measurement> {
  for (const [model, widths] of Object.entries(WIDTHS)) await stand.addPerceptron(model, widths);
  await using replica = await stand.startReplica('/single', { small: '1', mlp: '1' });
  const connection = await HttpConnection.open(replica.url);
  const figures: Figure[] = [];
  const details: Record<string, unknown> = {};
  const times = Math.ceil(scale.singleRequests / ROUNDS);
  for (const [model, [width]] of Object.entries(WIDTHS)) {
    const [rows] = someRows(1, [1, width]);
    if (rows === undefined) continue;
    const request = jsonRequest(model, rows);
    const run = await runInProcess(join(stand.repository, model, '1', 'model.onnx'), rows);
    const contestants = {
      asked: () => timed(times, () => connection.ask(request)),
      alone: () => timed(times, run),
    };
    await closedLoop({ connections: [connection], requests: [request], durationMs: scale.warmUpMs });
    await inTurns(1, contestants);
    const { asked, alone } = await inTurns(ROUNDS, contestants);
    details[model] = { asked: asked.map(median), alone: alone.map(median) };
    figures.push({
      name: `one request at a time, JSON, ${width} floats, median`,
      measured: { value: median(asked.flat()), unit: 'ms', what: 'ZooServe' },
      against: { value: median(alone.flat()), unit: 'ms', what: 'run() in process' },
      goal: { of: 'difference', below: 0.5 },
    });
  }
  connection.close();
  return { figures, details };
}

async function timed(times: number, work: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const began = now();
    await work();
    took.push(now() - began);
  }
  return took;
}

async function runInProcess(modelPath: string, { shape, data }: Rows): Promise<() => Promise<unknown>> {
  const session = await InferenceSession.create(modelPath, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const feeds = { input: new Tensor('float32', data, shape) };
  return () => session.run(feeds);
}
