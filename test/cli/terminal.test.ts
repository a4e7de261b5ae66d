import { PassThrough } from 'node:stream';
import { table } from '../../src/cli/table';
import { Terminal } from '../../src/cli/terminal';

/** A terminal, or files, with what was written to each. */
function setUp({ tty = false, noColour = false } = {}) {
  const input = new PassThrough();
  const output = Object.assign(new PassThrough(), { isTTY: tty });
  const errors = Object.assign(new PassThrough(), { isTTY: tty, columns: 20 });
  const terminal = new Terminal(input, output, errors, noColour);
  return {
    terminal,
    printed: () => String((output.read() as Buffer | null) ?? ''),
    noted: () => String((errors.read() as Buffer | null) ?? ''),
  };
}

describe('Terminal', () => {
  it('shows progress as lines where there is no terminal, and none twice', () => {
    const { terminal, printed, noted } = setUp();
    terminal.progress('one of two');
    terminal.progress('one of two');
    terminal.progress('two of two');
    terminal.print('done');
    expect(noted()).toBe('one of two\ntwo of two\n');
    expect(printed()).toBe('done\n');
  });

  it('shows progress as one line of a terminal, cut to its width, and clears it for what follows', () => {
    const { terminal, noted } = setUp({ tty: true });
    terminal.progress('one');
    terminal.progress('a line that is longer than the terminal is wide');
    expect(noted()).toBe('\r\u001b[2Kone\r\u001b[2Ka line that is long');
    terminal.print('result');
    terminal.note('note');
    expect(noted()).toBe('\r\u001b[2Knote\n');
  });

  it('colours results on a terminal only, and not with NO_COLOR', () => {
    expect(setUp({ tty: true }).terminal.coloured('x', 'red')).toBe('\u001b[31mx\u001b[0m');
    expect(setUp({ tty: true }).terminal.coloured('x', undefined)).toBe('x');
    expect(setUp({ tty: true, noColour: true }).terminal.coloured('x', 'red')).toBe('x');
    expect(setUp().terminal.coloured('x', 'red')).toBe('x');
  });
});

describe('table', () => {
  it('aligns columns, colours after aligning, and leaves no blanks at the end', () => {
    const rows = [
      ['a', { text: 'bad', colour: 'red' as const }, ''],
      ['longer', 'x', 'the last one as long as it likes'],
    ];
    expect(table(setUp().terminal, ['A', 'BB', 'C'], rows).split('\n')).toEqual([
      'A       BB   C',
      'a       bad',
      'longer  x    the last one as long as it likes',
    ]);
    expect(table(setUp({ tty: true }).terminal, ['A', 'BB', 'C'], rows)).toContain(
      'a       \u001b[31mbad\u001b[0m',
    );
  });

  it('lets no stranger steer the terminal', () => {
    const line = table(setUp().terminal, ['A'], [['\u001b[2Jgone\n\u202enext']]).split('\n')[1];
    expect(line).toBe('\ufffd[2Jgone \ufffdnext');
  });
});
