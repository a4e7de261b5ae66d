import { OffsetEstimate } from '../../src/coordination/offset-estimate';
import { SeededRandom, TEST_SEED } from '../support/seeded-random';

const DRIFT_PPM = 500;

it('has no bound before anything was learnt', () => {
  expect(new OffsetEstimate(DRIFT_PPM).at(1000)).toEqual({ offset: 0, errorBound: Infinity });
});

it('is bound by half of the way there and back, and half of the millisecond that is cut off', () => {
  const estimate = new OffsetEstimate(0);
  estimate.learn({ sentAt: 100, receivedAt: 104, said: 5000 });
  expect(estimate.at(200)).toEqual({ offset: 4898.5, errorBound: 2.5 });
  // Said at the end of its millisecond at the earliest, by the first; at its beginning, by the second.
  estimate.learn({ sentAt: 110, receivedAt: 110.5, said: 5009 });
  expect(estimate.at(200)).toEqual({ offset: 4899.25, errorBound: 0.75 });
});

it('widens with age', () => {
  const estimate = new OffsetEstimate(DRIFT_PPM);
  estimate.learn({ sentAt: 0, receivedAt: 0, said: 5000 });
  expect(estimate.at(0).errorBound).toBeCloseTo(0.5);
  expect(estimate.at(10_000).errorBound).toBeCloseTo(5.5);
});

it('forgets what was learnt before the other clock was set', () => {
  const estimate = new OffsetEstimate(DRIFT_PPM);
  for (const ahead of [1000, 61_000, -5000]) {
    estimate.learn({ sentAt: 100, receivedAt: 101, said: 100 + ahead });
    expect(estimate.at(101)).toEqual({
      offset: expect.closeTo(ahead, 3) as unknown,
      errorBound: expect.closeTo(1, 2) as unknown,
    });
  }
});

it(`always holds the truth, however slow the answers and the clocks (seed ${TEST_SEED})`, () => {
  const random = new SeededRandom(TEST_SEED);
  let narrowest = Infinity;
  for (let run = 0; run < 200; run += 1) {
    const ahead = random.between(-1e6, 1e12) + random.next();
    const rate = 1 + ((random.next() * 2 - 1) * DRIFT_PPM) / 1e6;
    const theirs = (local: number) => ahead + local * rate;
    const estimate = new OffsetEstimate(DRIFT_PPM);
    let local = random.next() * 1e6;
    for (let exchange = 0; exchange < 50; exchange += 1) {
      const sentAt = local;
      const readAt = sentAt + random.next() * random.pick([0.5, 5, 500]);
      const receivedAt = readAt + random.next() * random.pick([0.5, 5, 500]);
      estimate.learn({ sentAt, receivedAt, said: Math.floor(theirs(readAt)) });
      local = receivedAt + random.next() * random.pick([1, 1000, 60_000]);
      const { offset, errorBound } = estimate.at(local);
      const wrongBy = Math.abs(local + offset - theirs(local));
      // Numbers of this size are exact to a thousandth.
      expect(wrongBy).toBeLessThan(errorBound + 0.001);
      narrowest = Math.min(narrowest, errorBound);
    }
  }
  expect(narrowest).toBeLessThan(0.5);
});
