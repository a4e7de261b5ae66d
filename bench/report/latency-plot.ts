import type { Span, Timeline } from '../load/swap-timeline';
import { percentile } from '../percentile';
import { Axis, decades, everySome } from './axis';
import { shownNumber } from './shown-number';

/** One server's timeline under its own heading. */
export interface TimelinePanel {
  readonly title: string;
  readonly timeline: Timeline;
}

export interface PlotText {
  readonly title: string;
  /** One line each. */
  readonly subtitles: readonly string[];
}

const WIDTH = 1000;
const PANEL_HEIGHT = 190;
const PANEL_GAP = 56;
const MARGIN = { top: 152, right: 28, bottom: 58, left: 76 };
const BUCKETS = 160;

const STYLE = `
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f }
  .title { font-size: 19px; font-weight: 600 } .subtitle, .tick, .unit { fill: #57606a } .tick { font-size: 12px }
  .panel { font-size: 14px; font-weight: 600 }
  .grid { stroke: #d8dee4; stroke-width: 1 } .frame { stroke: #8c959f; fill: none }
  .swap { fill: #ffe8b3 } .write { stroke: #bf8700; stroke-width: 1 }
  .median { stroke: #0969da; stroke-width: 1.8; fill: none } .p99 { stroke: #cf222e; stroke-width: 1.8; fill: none }
  .failed { fill: #57606a }`;

/**
 * Latency over time around swaps, one panel for each server, all with the same axes: the median and the 99th
 * percentile of the requests that arrived in each slice of time, each swap from its write to the first answer
 * by the new version, and slices in which requests failed. Standalone SVG.
 */
export function latencyPlot(panels: readonly TimelinePanel[], text: PlotText): string {
  const seconds = Math.min(...panels.map(({ timeline }) => shownUntil(timeline))) / 1000;
  const slices = panels.map(({ timeline }) => sliced(timeline, seconds * 1000));
  const values = slices.flat().flatMap(({ median, p99 }) => [median, p99]).filter(Number.isFinite); // prettier-ignore
  const x = new Axis(0, seconds, MARGIN.left, WIDTH - MARGIN.right);
  const height = MARGIN.top + panels.length * (PANEL_HEIGHT + PANEL_GAP) - PANEL_GAP + MARGIN.bottom;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const drawn = panels.map((panel, i) => {
    const top = MARGIN.top + i * (PANEL_HEIGHT + PANEL_GAP);
    const y = Axis.logarithmic(low * 0.8, high * 1.2, top + PANEL_HEIGHT, top);
    return drawnPanel(panel, slices[i] ?? [], x, y);
  });
  const bottom = height - MARGIN.bottom;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(text.title)}">`,
    `<style>${STYLE}\n</style>`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    `<text class="title" x="${MARGIN.left}" y="34">${escaped(text.title)}</text>`,
    ...text.subtitles.map(
      (line, i) => `<text class="subtitle" x="${MARGIN.left}" y="${56 + 18 * i}">${escaped(line)}</text>`,
    ),
    legend(MARGIN.left, 104),
    ...drawn,
    ...everySome(seconds).map(
      (at) => `<text class="tick" x="${px(x.at(at))}" y="${bottom + 20}" text-anchor="middle">${at}</text>`,
    ),
    `<text class="unit" x="${px((MARGIN.left + WIDTH - MARGIN.right) / 2)}" y="${bottom + 42}" text-anchor="middle">time, seconds</text>`,
    '</svg>\n',
  ].join('\n');
}

/** Requests that arrived in one slice of time. */
interface Slice {
  /** Seconds. */
  readonly at: number;
  readonly median: number;
  readonly p99: number;
  readonly failed: number;
}

/** A quiet part, one with swaps, and a quiet one again. */
function shownUntil({ quiet }: Timeline): number {
  return quiet[1]?.to ?? 0;
}

function sliced({ load }: Timeline, untilMs: number): Slice[] {
  const width = untilMs / BUCKETS;
  const latencies = Array.from({ length: BUCKETS }, (): number[] => []);
  const failed = new Array<number>(BUCKETS).fill(0);
  for (const [i, at] of load.arrivals.entries()) {
    const bucket = Math.floor(at / width);
    if (bucket >= BUCKETS) break;
    if (load.statuses[i] === 200) latencies[bucket]?.push(load.latenciesMs[i] ?? NaN);
    else failed[bucket] = (failed[bucket] ?? 0) + 1;
  }
  return latencies.map((values, i) => ({
    at: ((i + 0.5) * width) / 1000,
    median: percentile(values, 0.5),
    p99: percentile(values, 0.99),
    failed: failed[i] ?? 0,
  }));
}

function drawnPanel({ title, timeline }: TimelinePanel, slices: readonly Slice[], x: Axis, y: Axis): string {
  const [left, right, top, bottom] = [x.at(x.from), x.at(x.to), y.at(y.to), y.at(y.from)];
  const shown = timeline.swaps.filter(({ to }) => to / 1000 <= x.to);
  return [
    `<text class="panel" x="${px(left)}" y="${px(top - 10)}">${escaped(title)}</text>`,
    ...shown.map((swap) => drawnSwap(swap, x, top, bottom)),
    ...decades(y.from, y.to).map((ms) => {
      const at = px(y.at(ms));
      return `<line class="grid" x1="${px(left)}" x2="${px(right)}" y1="${at}" y2="${at}"/><text class="tick" x="${px(left - 8)}" y="${px(y.at(ms) + 4)}" text-anchor="end">${shownNumber(ms)}</text>`;
    }),
    `<rect class="frame" x="${px(left)}" y="${px(top)}" width="${px(right - left)}" height="${px(bottom - top)}"/>`,
    `<path class="p99" d="${path(slices, x, y, ({ p99 }) => p99)}"/>`,
    `<path class="median" d="${path(slices, x, y, ({ median }) => median)}"/>`,
    ...slices.filter(({ failed }) => failed > 0).map((slice) => cross(x.at(slice.at), top + 9)),
    `<text class="unit" transform="translate(${px(left - 52)} ${px((top + bottom) / 2)}) rotate(-90)" text-anchor="middle">latency, ms</text>`,
  ].join('\n');
}

function drawnSwap({ from, to }: Span, x: Axis, top: number, bottom: number): string {
  const [left, right] = [x.at(from / 1000), x.at(to / 1000)];
  return (
    `<rect class="swap" x="${px(left)}" y="${px(top)}" width="${px(right - left)}" height="${px(bottom - top)}"/>` +
    `<line class="write" x1="${px(left)}" x2="${px(left)}" y1="${px(top)}" y2="${px(bottom)}"/>`
  );
}

/** A line through the values; it is broken where a slice has none. */
function path(slices: readonly Slice[], x: Axis, y: Axis, value: (slice: Slice) => number): string {
  let pen = 'M';
  let d = '';
  for (const slice of slices) {
    const ms = value(slice);
    if (!Number.isFinite(ms)) {
      pen = 'M';
      continue;
    }
    d += `${pen}${px(x.at(slice.at))} ${px(y.at(ms))}`;
    pen = 'L';
  }
  return d;
}

function cross(x: number, y: number): string {
  return `<text class="failed" x="${px(x)}" y="${px(y)}" text-anchor="middle" style="font-size:11px">×</text>`;
}

function legend(left: number, y: number): string {
  const line = (name: string, at: number, label: string): string =>
    `<path class="${name}" d="M${at} ${y - 4}h26"/><text x="${at + 34}" y="${y}">${label}</text>`;
  return [
    line('median', left, 'median'),
    line('p99', left + 104, '99th percentile'),
    `<rect class="swap" x="${left + 252}" y="${y - 11}" width="26" height="14"/><path class="write" d="M${left + 252} ${y - 11}v14"/>`,
    `<text x="${left + 286}" y="${y}">swap: znode written (line) to first answer by the new version</text>`,
    `<text class="failed" x="${left + 690}" y="${y}">×</text><text x="${left + 706}" y="${y}">requests failed</text>`,
  ].join('\n');
}

function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
