import { printable } from './printable';
import type { Colour, Terminal } from './terminal';

export interface Cell {
  readonly text: string;
  readonly colour?: Colour | undefined;
}

/** Aligned columns under a heading; the last one may be as long as it likes. Lines have no blanks at their end. */
export function table(
  terminal: Terminal,
  heading: readonly string[],
  rows: readonly (readonly (string | Cell)[])[],
): string {
  const cells = [heading, ...rows].map((row) => row.map(toCell));
  const widths = heading.map((_, column) => Math.max(...cells.map((row) => row[column]?.text.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map(({ text, colour }, column) => {
          const padding = column === row.length - 1 ? '' : ' '.repeat((widths[column] ?? 0) - text.length);
          return terminal.coloured(text, colour) + padding;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function toCell(cell: string | Cell): Cell {
  return typeof cell === 'string' ? { text: printable(cell) } : { ...cell, text: printable(cell.text) };
}
