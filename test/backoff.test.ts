import { backoffMs } from '../src/backoff';

describe('backoffMs', () => {
  it('stays below a limit that doubles up to a ceiling', () => {
    for (const failures of [0, 1, 4, 5, 50, 5000]) {
      const most = Math.min(1000, 50 * 2 ** failures);
      const drawn = Array.from({ length: 1000 }, () => backoffMs(failures, { firstMs: 50, limitMs: 1000 }));
      expect(Math.max(...drawn)).toBeLessThanOrEqual(most);
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
      // Spread out, so that clients do not come back in step.
      expect(Math.max(...drawn) - Math.min(...drawn)).toBeGreaterThan(most / 2);
    }
  });
});
