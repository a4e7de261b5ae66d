import { type Lane, pause, seconds } from './lane';

/** Processes of replicas are killed, ended in good order and stopped for a while. */
export const replicaFaults: Lane = {
  name: 'replicas',
  decide(random) {
    const kind = random.pick(['SIGKILL', 'SIGKILL', 'SIGTERM', 'SIGSTOP']);
    const index = random.between(0, 2);
    const forMs = random.between(0, 5000);
    const until = kind === 'SIGSTOP' ? 'SIGCONT' : 'start it again';
    return {
      kind,
      words: `${kind}: replica ${index + 1}, and ${until} after ${seconds(forMs)}`,
      calmMs: random.between(2000, 12_000),
      async act({ replicas }, stop) {
        const replica = replicas[index];
        if (replica === undefined) throw new Error(`there is no replica ${index + 1}`);
        if (kind === 'SIGSTOP') {
          replica.suspend();
          await pause(forMs, stop);
          replica.resume();
          return undefined;
        }
        await replica.end(kind === 'SIGTERM' ? 'SIGTERM' : 'SIGKILL');
        await pause(forMs, stop);
        const began = performance.now();
        await replica.revive();
        return `replica ${index + 1} is ready after ${seconds(performance.now() - began)}`;
      },
    };
  },
};
