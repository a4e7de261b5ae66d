import { parseArgs } from 'node:util';
import { EndSignals } from '../../src/cli/end-signals';
import { errorMessage } from '../../src/errors';
import { Stand } from '../stand/stand';
import { admission } from './admission';
import { allocator } from './allocator';
import { batches } from './batches';
import type { Knobs } from './compare';
import { residency } from './residency';
import { workers } from './workers';

const PARTS: Readonly<Record<string, (knobs: Knobs) => Promise<void>>> = {
  batches,
  workers,
  residency,
  admission,
  allocator,
};

const USAGE = `npm run bench:knobs -- [--rounds <n>] [--seconds <s>] [--only <part,part>]
  What each knob of docs/performance.md does: medians, and as a ratio to the default. Replicas and models stand side by
  side, one for each setting, and are measured in turns.
  --rounds   5 by default
  --seconds  of each window, 0.8 by default
  --only     some of: ${Object.keys(PARTS).join(', ')}`;

interface Options {
  readonly rounds: number;
  readonly windowMs: number;
  readonly parts: readonly string[];
}

/** Measures and prints. Returns the exit status. */
export async function main(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  if (options === undefined) {
    console.error(USAGE);
    return 64;
  }
  using signals = new EndSignals();
  await using stand = await Stand.start();
  const measured = measure(stand, options);
  // When a signal ends the run, the stand is taken away under the measurement's feet.
  measured.catch(() => undefined);
  return await Promise.race([signals.heard.then(() => 130), measured]);
}

async function measure(stand: Stand, { rounds, windowMs, parts }: Options): Promise<number> {
  let failed = 0;
  for (const part of parts) {
    try {
      await PARTS[part]?.({ stand, rounds, windowMs });
    } catch (error) {
      // What the others find out is not lost with it.
      console.log(`${part} FAILED: ${errorMessage(error)}`);
      failed += 1;
    }
  }
  return failed === 0 ? 0 : 1;
}

function readOptions(args: readonly string[]): Options | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: 'string', default: '5' },
        seconds: { type: 'string', default: '0.8' },
        only: { type: 'string', default: Object.keys(PARTS).join(',') },
      },
    });
    const rounds = Number(values.rounds);
    const windowMs = Number(values.seconds) * 1000;
    const parts = values.only.split(',');
    if (!Number.isInteger(rounds) || rounds < 1 || !(windowMs > 0)) return undefined;
    return parts.every((part) => part in PARTS) ? { rounds, windowMs, parts } : undefined;
  } catch {
    return undefined;
  }
}
