import { type ClosedLoopResult, closedLoop } from '../load/closed-loop';
import { type HttpAnswer, type HttpConnection, openConnections } from '../load/http-connection';
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
  const { perSecond } = await answered(connections, requests, ms);
  return { 'requests/s': perSecond };
}

/** Of one client that asks without pause. Throws when it fails. */
export async function latency(url: string, requests: readonly Buffer[], ms: number): Promise<Measured> {
  const connections = await openConnections(url, 1);
  const { latenciesMs } = await answered(connections, requests, ms);
  return { 'median ms': percentile(latenciesMs, 0.5) };
}

async function answered(
  connections: readonly HttpConnection[],
  requests: readonly Buffer[],
  durationMs: number,
): Promise<ClosedLoopResult> {
  const failures: string[] = [];
  const onAnswer = ({ status, body }: HttpAnswer): void => {
    if (status !== 200) failures.push(`${status} ${body.toString()}`);
  };
  const result = await closedLoop({ connections, requests, durationMs, onAnswer });
  for (const connection of connections) connection.close();
  if (result.failed > 0) {
    const [first = 'no answer'] = failures;
    throw new Error(`${result.failed} of ${result.failed + result.answered} requests failed: ${first}`);
  }
  return result;
}
