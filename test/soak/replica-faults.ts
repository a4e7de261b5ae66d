import { setTimeout as sleep } from 'node:timers/promises';
import type { ObservedReplica } from '../support/observed-replica';
import { type Lane, type Outcome, seconds } from './lane';
import { pause } from './pause';

/** `SIGKILL` comes twice as often. */
const KINDS = ['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGSTOP'] as const;
type Kind = (typeof KINDS)[number];

/** What was under way when a process was stopped is here by then. */
const STILL_MS = 200;

/** Processes of replicas are killed, ended in good order and stopped for a while. */
export const replicaFaults: Lane = {
  name: 'replicas',
  kinds: [...new Set(KINDS)],
  decisions(random) {
    const next = random.rounds<Kind>(KINDS);
    return () => {
      const kind = next();
      const index = random.between(0, 2);
      const forMs = kind === 'SIGSTOP' ? random.between(2 * STILL_MS, 5000) : random.between(0, 5000);
      const until = kind === 'SIGSTOP' ? 'SIGCONT' : 'start it again';
      return {
        kind,
        words: `${kind}: replica ${index + 1}, and ${until} after ${seconds(forMs)}`,
        calmMs: random.between(2000, 12_000),
        async act({ replicas }, stop) {
          const replica = replicas[index];
          if (replica === undefined) throw new Error(`there is no replica ${index + 1}`);
          if (kind === 'SIGSTOP') return stopped(replica, forMs, stop);
          const took = replica.live;
          await replica.end(kind);
          await pause(forMs, stop);
          const began = performance.now();
          await replica.revive();
          return { took, words: `replica ${index + 1} is ready after ${seconds(performance.now() - began)}` };
        },
      };
    };
  },
};

/** It took hold when nothing was answered any more. */
async function stopped(replica: ObservedReplica, forMs: number, stop: AbortSignal): Promise<Outcome> {
  const live = replica.live;
  replica.suspend();
  await sleep(STILL_MS);
  const before = replica.answered;
  // Also where the run ends meanwhile: without it nothing would have been seen.
  await sleep(STILL_MS);
  await pause(forMs - 2 * STILL_MS, stop);
  const took = live && replica.answered === before;
  replica.resume();
  return { took };
}
