import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Figure, Measurement } from '../figure';
import { inTurns } from '../in-turns';
import { closedLoop } from '../load/closed-loop';
import { type HttpConnection, openConnections } from '../load/http-connection';
import { inferPath, jsonRequest } from '../load/infer-request';
import { median } from '../percentile';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import { ServerProcess } from '../stand/server-process';
import type { Stand } from '../stand/stand';

const CONNECTIONS = 32;
/** Different bodies, sent in turn. */
const BODIES = 64;
const WIDTHS = { small: [4, 3], mlp: [784, 512, 512, 10] } as const;

/**
 * Requests a second with JSON both ways, against a bare `node:http` server that parses the same bodies as JSON
 * and sends the same answers, written as JSON anew each time.
 */
export async function jsonThroughput(stand: Stand, scale: Scale): Promise<Measurement> {
  for (const [model, widths] of Object.entries(WIDTHS)) await stand.addPerceptron(model, widths);
  await using replica = await stand.startReplica('/json', { small: '1', mlp: '1' });
  const ours = await openConnections(replica.url, CONNECTIONS);
  const answers = join(stand.directory, 'answers.json');
  await writeFile(answers, JSON.stringify(await answersOf(ours)));
  await using bare = await ServerProcess.start(join(__dirname, '..', 'servers', 'bare-http.js'), [answers]);
  const theirs = await openConnections(bare.url, CONNECTIONS);
  const figures: Figure[] = [];
  const windows: Record<string, unknown> = {};
  for (const [model, [width]] of Object.entries(WIDTHS)) {
    const requests = someRows(BODIES, [1, width]).map((rows) => jsonRequest(model, rows));
    const rate = async (
      connections: readonly HttpConnection[],
      durationMs = scale.windowMs,
    ): Promise<number> => {
      const result = await closedLoop({ connections, requests, durationMs });
      if (result.failed > 0) throw new Error(`${result.failed} requests to ${model} failed`);
      return result.perSecond;
    };
    await inTurns(1, { ours: () => rate(ours, scale.warmUpMs), bare: () => rate(theirs, scale.warmUpMs) });
    const rates = await inTurns(scale.rounds, { ours: () => rate(ours), bare: () => rate(theirs) });
    windows[model] = rates;
    figures.push({
      name: `JSON, ${width} floats, ${CONNECTIONS} connections`,
      measured: { value: median(rates.ours), unit: 'requests/s', what: 'ZooServe' },
      against: {
        value: median(rates.bare),
        unit: 'requests/s',
        what: 'bare node:http with JSON.parse, JSON.stringify',
      },
      goal: { of: 'ratio', atLeast: 1 },
    });
  }
  for (const connection of [...ours, ...theirs]) connection.close();
  return { figures, details: { windows, windowMs: scale.windowMs } };
}

/** By path, what the replica answers: for the bare server to send. */
async function answersOf([connection]: readonly HttpConnection[]): Promise<Record<string, unknown>> {
  const answers: Record<string, unknown> = {};
  for (const [model, [width]] of Object.entries(WIDTHS)) {
    const [rows] = someRows(1, [1, width]);
    if (rows === undefined) continue;
    const answer = await connection?.ask(jsonRequest(model, rows));
    answers[inferPath(model)] = JSON.parse(answer?.body.toString() ?? '');
  }
  return answers;
}
