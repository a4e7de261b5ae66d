import { join } from 'node:path';
import type { Measurement } from '../figure';
import { closedLoop } from '../load/closed-loop';
import { openConnections } from '../load/http-connection';
import { jsonRequest } from '../load/infer-request';
import { inTurns } from '../in-turns';
import { median } from '../percentile';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import { ServerProcess } from '../stand/server-process';

const CONNECTIONS = 32;
const WIDTHS = [4, 784] as const;

/**
 * What the load generator can do: requests a second against a server that reads nothing and sends the same bytes
 * for each request. Other rates far below these are the servers' own.
 */
export async function generator(scale: Scale): Promise<Measurement> {
  const windows: Record<string, number[]> = {};
  for (const width of WIDTHS) {
    const requests = someRows(1, [1, width]).map((rows) => jsonRequest('any', rows));
    const length = requests[0]?.byteLength ?? 0;
    await using server = await ServerProcess.start(join(__dirname, '..', 'servers', 'constant-bytes.js'), [
      String(length),
    ]);
    const connections = await openConnections(server.url, CONNECTIONS);
    const rate = async (durationMs: number): Promise<number> => {
      const result = await closedLoop({ connections, requests, durationMs });
      return result.perSecond;
    };
    await rate(scale.warmUpMs);
    windows[width] = (await inTurns(scale.rounds, { rate: () => rate(scale.windowMs) })).rate;
    for (const connection of connections) connection.close();
  }
  return {
    figures: WIDTHS.map((width) => ({
      name: `the load generator itself, ${width} floats, ${CONNECTIONS} connections`,
      measured: {
        value: median(windows[width] ?? []),
        unit: 'requests/s',
        what: 'a server of constant bytes',
      },
    })),
    details: { windows },
  };
}
