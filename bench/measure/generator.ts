import { join } from 'node:path';
import { now } from '../clock';
import type { Figure, Measurement } from '../figure';
import { inTurns } from '../in-turns';
import { poissonArrivals } from '../load/arrivals';
import { closedLoop } from '../load/closed-loop';
import { type HttpConnection, openConnections } from '../load/http-connection';
import { binaryRequest, jsonRequest } from '../load/infer-request';
import { openLoop } from '../load/open-loop';
import { median, percentile } from '../percentile';
import { shownNumber } from '../report/shown-number';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import { ServerProcess } from '../stand/server-process';

const WIDTH = 784;
const BATCH = 32;
const LEAD_MS = 200;
/** Of the open loops: more than any measurement has arrive. */
const OPEN_PER_SECOND = 10_000;

interface Load {
  readonly name: string;
  readonly request: Buffer;
  /** Of the answer's body, about as the models that are measured have it. */
  readonly answerBytes: number;
  readonly connections: number;
  /** In place of clients that each wait for an answer. */
  readonly perSecond?: number;
  /** Of a request, where rows are counted. */
  readonly rows?: number;
}

interface Window {
  readonly perSecond: number;
  /** Of processor time, this process's own, with V8's threads. */
  readonly microsecondsEach: number;
  /** Of an open loop: 99 of 100 were sent no later than this after they were to arrive. */
  readonly latenessP99Ms?: number;
}

/** As the measurements have them: connections, bodies, and how requests come. */
const LOADS: readonly Load[] = [
  { name: '4 floats, 32 connections', request: json(4), answerBytes: 150, connections: 32 },
  { name: '784 floats, 32 connections', request: json(WIDTH), answerBytes: 300, connections: 32 },
  {
    name: 'binary tensors, 64 clients, 32 rows a request',
    request: binary(BATCH, WIDTH),
    answerBytes: 1500,
    connections: 64,
    rows: BATCH,
  },
  {
    name: 'open loop, 64 floats as JSON, 256 connections',
    request: json(64),
    answerBytes: 300,
    connections: 256,
    perSecond: OPEN_PER_SECOND,
  },
  {
    name: 'open loop, 256 floats as binary tensors, 1600 connections',
    request: binary(1, 256),
    answerBytes: 250,
    connections: 1600,
    perSecond: OPEN_PER_SECOND,
  },
];

/**
 * What the load generator can do: the loads of the other measurements against a server that reads nothing and sends the
 * same bytes for each request. Other rates far below these are the servers' own.
 */
export async function generator(scale: Scale): Promise<Measurement> {
  const figures: Figure[] = [];
  const details: Record<string, readonly Window[]> = {};
  for (const load of LOADS) {
    const windows = await measured(load, scale);
    details[load.name] = windows;
    figures.push(figure(load, windows));
  }
  return { figures, details: { windows: details } };
}

async function measured(load: Load, scale: Scale): Promise<readonly Window[]> {
  const program = join(__dirname, '..', 'servers', 'constant-bytes.js');
  const sizes = [load.request.byteLength, load.answerBytes].map(String);
  await using server = await ServerProcess.start(program, sizes);
  const connections = await openConnections(server.url, load.connections);
  await window(load, connections, scale.warmUpMs);
  const { windows } = await inTurns(scale.rounds, {
    windows: () => window(load, connections, scale.windowMs),
  });
  for (const connection of connections) connection.close();
  return windows;
}

async function window(
  { request, perSecond }: Load,
  connections: readonly HttpConnection[],
  durationMs: number,
): Promise<Window> {
  const requests = [request];
  const before = process.cpuUsage();
  const perRequest = (count: number): number => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / count;
  };
  if (perSecond === undefined) {
    const result = await closedLoop({ connections, requests, durationMs });
    return { perSecond: result.perSecond, microsecondsEach: perRequest(result.answered) };
  }
  const arrivals = poissonArrivals(perSecond, durationMs, 1);
  const { statuses, latenessMs } = await openLoop({
    connections,
    requests,
    arrivals,
    beginsAt: now() + LEAD_MS,
  });
  const answered = statuses.reduce((count, status) => count + (status === 200 ? 1 : 0), 0);
  return {
    perSecond: (answered / durationMs) * 1000,
    microsecondsEach: perRequest(answered),
    latenessP99Ms: percentile(latenessMs, 0.99),
  };
}

function figure({ name, rows = 1, perSecond }: Load, windows: readonly Window[]): Figure {
  const middle = (of: (one: Window) => number): number => median(windows.map(of));
  const each = `${shownNumber(middle(({ microsecondsEach }) => microsecondsEach))} µs of processor time a request`;
  const late = middle(({ latenessP99Ms = NaN }) => latenessP99Ms);
  const open = perSecond === undefined ? '' : `, p99 of how late it sent them ${shownNumber(late)} ms`;
  return {
    name: `the load generator itself, ${name}`,
    measured: {
      value: middle((one) => one.perSecond * rows),
      unit: rows === 1 ? 'requests/s' : 'rows/s',
      what: `a server of constant bytes; ${each}${open}`,
    },
  };
}

function json(width: number): Buffer {
  return request([1, width], jsonRequest);
}

function binary(rows: number, width: number): Buffer {
  return request([rows, width], binaryRequest);
}

function request(shape: readonly [number, number], of: typeof jsonRequest): Buffer {
  return Buffer.concat(someRows(1, shape).map((rows) => of('any', rows)));
}
