import { awaitConvergence, type FleetProgress } from '../registry/await-convergence';
import type { Committed } from '../registry/commit-change';
import type { Registry } from '../registry/open-registry';
import type { Target } from '../registry/verdict';
import { EXIT } from './exit-code';
import type { Invocation } from './invocation';
import { printable } from './printable';

/**
 * After a write: with `--wait`, shows the fleet following it, and answers the exit status of the contract for
 * how that ended. A newer write of something else ends the wait with status 1, since nobody will follow this one.
 */
export async function followed(
  invocation: Invocation,
  { session, paths }: Registry,
  { model, mzxid, to }: Committed,
  kind: Target['kind'],
): Promise<number> {
  if (!invocation.isOn('--wait')) return EXIT.OK;
  const { terminal, timeoutMs } = invocation;
  const what = kind === 'version' ? `${model} ${to}` : `the config of ${model}`;
  const target: Target = kind === 'version' ? { kind, version: to, mzxid } : { kind, mzxid };
  const begun = performance.now();
  const outcome = await awaitConvergence(session, paths, model, target, timeoutMs, (fleet) => {
    if (fleet.length > 0) terminal.progress(progressLine(what, fleet));
  });
  switch (outcome.kind) {
    case 'converged': {
      const seconds = ((performance.now() - begun) / 1000).toFixed(2);
      const verb = kind === 'version' ? 'served' : 'applied';
      terminal.print(`${what} is ${verb} by ${counted(outcome.fleet.length)} (${seconds} s)`);
      return EXIT.OK;
    }
    case 'failed':
      for (const { replica, verdict } of outcome.fleet) {
        if (verdict.kind !== 'failed') continue;
        terminal.note(`zooserve: replica ${replica} failed: ${printable(verdict.error)}`);
      }
      return EXIT.REPLICA_FAILED;
    case 'timed-out':
      terminal.note(`zooserve: timed out after ${timeoutMs / 1000} s: ${progressLine(what, outcome.fleet)}`);
      return EXIT.TIMED_OUT;
    case 'no-replica':
      terminal.note(`zooserve: ${what} is written, but no replica is live`);
      return EXIT.NO_REPLICA;
    case 'superseded':
      terminal.note(`zooserve: ${what} was written, but then ${outcome.by}; no longer waiting`);
      return EXIT.FAILURE;
  }
}

function progressLine(what: string, fleet: FleetProgress): string {
  const done = fleet.filter(({ verdict }) => verdict.kind === 'done').length;
  const others = fleet.flatMap(({ replica, verdict }) => {
    if (verdict.kind === 'done') return [];
    return [`${replica} ${printable(verdict.kind === 'failed' ? 'failed' : verdict.doing)}`];
  });
  return [
    `${what}: ${done} of ${counted(fleet.length)}`,
    ...(others.length > 0 ? [others.join(', ')] : []),
  ].join('; ');
}

function counted(replicas: number): string {
  return replicas === 1 ? '1 live replica' : `${replicas} live replicas`;
}
