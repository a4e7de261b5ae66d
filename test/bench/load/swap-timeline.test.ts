import { FirstTimes, promotionOf } from '../../../bench/load/first-answer';
import { within, type Timeline } from '../../../bench/load/swap-timeline';

const timeline: Timeline = {
  quiet: [],
  swapping: [],
  swaps: [],
  load: {
    arrivals: Float64Array.from([0, 10, 20, 30, 40]),
    latenciesMs: Float64Array.from([1, 2, 3, Infinity, 5]),
    statuses: Uint16Array.from([200, 200, 503, 0, 200]),
    latenessMs: new Float64Array(5),
  },
};

test('a request belongs to the span in which it was to arrive; one that failed took for ever', () => {
  expect(within(timeline, { from: 0, to: 20 })).toEqual({ latenciesMs: [1, 2], failed: 0 });
  expect(within(timeline, { from: 20, to: 50 })).toEqual({ latenciesMs: [Infinity, Infinity, 5], failed: 2 });
});

test('the promotion of an answer is read off its headers', () => {
  const head = 'HTTP/1.1 200 OK\r\nzooserve-model-zxid: 000000000000002a\r\ncontent-length: 0';
  expect(promotionOf({ status: 200, head, body: Buffer.alloc(0) })).toBe('000000000000002a');
  expect(promotionOf({ status: 200, head: 'HTTP/1.1 200 OK', body: Buffer.alloc(0) })).toBe('');
});

test('the first time counts, for those who waited and for those who ask later', async () => {
  const times = new FirstTimes();
  const waited = times.of('a');
  times.see('a');
  const at = await waited;
  times.see('a');
  expect(await times.of('a')).toBe(at);
});
