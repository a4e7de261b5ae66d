import { isMet, ratioOf, type Figure, type Goal, type Quantity } from '../figure';
import { shownNumber } from './shown-number';

const HEADINGS = ['figure', 'measured', 'against', 'ratio', 'goal', 'met'] as const;

/** The figures as lines of text, one below the other in columns. */
export function textTable(figures: readonly Figure[]): string {
  const rows = [HEADINGS, HEADINGS.map(() => ''), ...figures.map(cells)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ').trimEnd(); // prettier-ignore
  return rows
    .map((row, i) => (i === 1 ? widths.map((width) => '-'.repeat(width)).join('  ') : line(row)))
    .join('\n');
}

/** The same for a page of Markdown. */
export function markdownTable(figures: readonly Figure[]): string {
  const rows = [HEADINGS, HEADINGS.map(() => '---'), ...figures.map(cells)];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function cells(figure: Figure): readonly string[] {
  const { name, measured, against, goal } = figure;
  const ratio = ratioOf(figure);
  const met = isMet(figure);
  return [
    name,
    quantity(measured),
    against === undefined ? '' : quantity(against),
    ratio === undefined ? '' : ratio.toFixed(2),
    goal === undefined ? 'shown' : shownGoal(goal, measured.unit),
    met === undefined ? '' : met ? 'yes' : 'MISSED',
  ];
}

function quantity({ value, unit, what }: Quantity): string {
  return `${shownNumber(value)}${unit === '' ? '' : ` ${unit}`} (${what})`;
}

function shownGoal(goal: Goal, unit: string): string {
  const bound =
    'atMost' in goal ? `at most ${goal.atMost}` : 'below' in goal ? `below ${goal.below}` : `at least ${goal.atLeast}`; // prettier-ignore
  if (goal.of === 'difference') return `${bound} ${unit} over`;
  return goal.of === 'measured' && unit !== '' ? `${bound} ${unit}` : bound;
}
