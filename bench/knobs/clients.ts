import { closedLoop } from '../load/closed-loop';
import { openConnections } from '../load/http-connection';
import { percentile } from '../percentile';
import type { Measured } from './compare';

/** Answers a second to `clients` that ask without pause. Throws when one of them fails. */
export async function rate(
  url: string,
  clients: number,
  requests: readonly Buffer[],
  ms: number,
): Promise<Measured> {
  const connections = await openConnections(url, clients);
  const { perSecond, failed } = await closedLoop({ connections, requests, durationMs: ms });
  for (const connection of connections) connection.close();
  if (failed > 0) throw new Error(`${failed} requests failed`);
  return { 'requests/s': perSecond };
}

/** Of one client that asks without pause. Throws when it fails. */
export async function latency(url: string, requests: readonly Buffer[], ms: number): Promise<Measured> {
  const connections = await openConnections(url, 1);
  const { latenciesMs, failed } = await closedLoop({ connections, requests, durationMs: ms });
  for (const connection of connections) connection.close();
  if (failed > 0) throw new Error(`${failed} requests failed`);
  return { 'median ms': percentile(latenciesMs, 0.5) };
}
