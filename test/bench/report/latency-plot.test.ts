import { Axis, decades, everySome } from '../../../bench/report/axis';
import { latencyPlot, type TimelinePanel } from '../../../bench/report/latency-plot';

test('a linear and a logarithmic axis put the middle in the middle', () => {
  expect(new Axis(0, 10, 100, 200).at(5)).toBe(150);
  expect(Axis.logarithmic(1, 100, 200, 100).at(10)).toBe(150);
});

test('marks are round values within the axis', () => {
  expect(decades(0.8, 30)).toEqual([1, 2, 5, 10, 20]);
  expect(decades(0.8, 3000)).toEqual([1, 10, 100, 1000]);
  expect(everySome(24)).toEqual([0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24]);
  expect(everySome(7.5)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

function panel(title: string): TimelinePanel {
  const arrivals = Float64Array.from({ length: 3000 }, (_, i) => i);
  return {
    title,
    timeline: {
      quiet: [
        { from: 0, to: 1000 },
        { from: 2000, to: 3000 },
      ],
      swapping: [{ from: 1000, to: 2000 }],
      swaps: [{ from: 1000, to: 1400 }],
      load: {
        arrivals,
        latenciesMs: arrivals.map((at) => 2 + Math.sin(at / 100)),
        statuses: Uint16Array.from(arrivals, (at) => (at > 1100 && at < 1200 ? 503 : 200)),
        latenessMs: new Float64Array(3000),
      },
    },
  };
}

test('the plot has a panel for each server, its swaps, its failures, and text that is escaped', () => {
  const svg = latencyPlot([panel('ours'), panel('theirs <naive> & slow')], {
    title: 'Latency',
    subtitles: ['at 1000 requests/s'],
  });
  expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 \d+ \d+"/);
  expect(svg.match(/<rect class="swap" x="[\d.]+" y="[\d.]+" width="[\d.]+" height="190"/g)).toHaveLength(2);
  expect(svg.match(/<path class="p99" d="M[\d.]+ [\d.]+L/g)).toHaveLength(2);
  expect(svg).toContain('theirs &lt;naive> &amp; slow');
  expect(svg).toContain('time, seconds');
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  // Six slices of 18.75 ms lie in the failing 100 ms, or touch it, in each panel; one more is the legend's.
  expect(svg.match(/×/g)?.length).toBe(13);
});
