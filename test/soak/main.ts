import { parseArgs } from 'node:util';
import { soak } from './soak';
import { summary } from './summary';

const USAGE = `npm run soak -- [--minutes <n>] [--seed <n>]
  --minutes  of faults, 10 by default
  --seed     decides what happens, and in which order; a random one by default`;

const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Runs and prints. Returns the exit status: 0 all as it must be, 1 not, 128 and the signal's number when interrupted. */
export async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    console.error(USAGE);
    return 64;
  }
  const { seed, ms } = options;
  const interruption = new AbortController();
  for (const signal of Object.keys(SIGNALS)) {
    process.on(signal, () => {
      interruption.abort(signal);
    });
  }
  const { signal: interrupted } = interruption;
  console.log(`npm run soak -- --minutes ${ms / 60_000} --seed ${seed}`);
  try {
    const print = (line: string): void => {
      console.log(line);
    };
    const soaked = await soak({ seed, ms, print, interrupted });
    console.log(`\n${summary(options, soaked)}`);
    return soaked.complaints.length === 0 ? 0 : 1;
  } catch (error) {
    if (!interrupted.aborted) throw error;
    console.log('interrupted: everything was ended, nothing was judged');
    return SIGNALS[interrupted.reason as keyof typeof SIGNALS];
  }
}

function readOptions(args: readonly string[]): { seed: number; ms: number } | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string' } },
    });
    const minutes = Number(values.minutes);
    const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32));
    if (!(minutes > 0) || !Number.isInteger(seed)) return undefined;
    return { seed, ms: minutes * 60_000 };
  } catch {
    return undefined;
  }
}
