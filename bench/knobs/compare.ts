import { inTurns } from '../in-turns';
import { median } from '../percentile';
import { shownNumber } from '../report/shown-number';
import type { Stand } from '../stand/stand';

/** What every part of `npm run bench:knobs` is given. */
export interface Knobs {
  readonly stand: Stand;
  readonly rounds: number;
  readonly windowMs: number;
}

/** What one window measured, by what it is and in which unit. */
export type Measured = Readonly<Record<string, number>>;
export type Windows = Readonly<Record<string, () => Promise<Measured>>>;

/**
 * Runs the windows, one for each setting, in turn, and prints their medians and, for each but the first, the median of its
 * ratios to the first within a round. Rounds to warm up come before and are not counted.
 */
export async function compare(rounds: number, what: string, windows: Windows, warmUps = 1): Promise<void> {
  await inTurns(warmUps, windows);
  const results = await inTurns(rounds, windows);
  const [first = []] = Object.values(results);
  for (const measure of Object.keys(first[0] ?? {})) {
    for (const [setting, measured] of Object.entries(results)) {
      const values = measured.map((window) => window[measure] ?? NaN);
      const ratio = median(values.map((value, round) => value / (first[round]?.[measure] ?? NaN)));
      // Shares and differences may be nothing, or less.
      const isOne = Number.isFinite(ratio) && ratio > 0;
      const cells = [
        `${what}: ${measure}`.padEnd(64),
        setting.padEnd(24),
        shownNumber(median(values)).padStart(8),
      ];
      console.log(`${cells.join('  ')}  ${isOne ? ratio.toFixed(2) : ''}`.trimEnd());
    }
  }
}

/** A window for each of `settings`. */
export function each<Setting>(
  settings: Readonly<Record<string, Setting>>,
  window: (setting: Setting, name: string) => Promise<Measured>,
): Windows {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [name, () => window(setting, name)]),
  );
}
