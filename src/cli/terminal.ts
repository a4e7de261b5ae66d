import type { Readable, Writable } from 'node:stream';

/** A text stream that may be a terminal. */
export type TextOutput = Writable & { readonly isTTY?: boolean; readonly columns?: number };
export type TextInput = Readable & { readonly isTTY?: boolean };

export type Colour = 'green' | 'red' | 'yellow' | 'dim';

const CODES: Readonly<Record<Colour, string>> = { green: '32', red: '31', yellow: '33', dim: '2' };
const ERASE_LINE = '\r\u001b[2K';

/**
 * Where a command speaks: results on standard output, everything else on standard error. On a terminal progress
 * is one line that changes; elsewhere each change is a line. Colours only on a terminal, and not with NO_COLOR.
 */
export class Terminal {
  #progressShown = false;
  #lastProgress = '';

  constructor(
    readonly input: TextInput,
    private readonly output: TextOutput,
    private readonly errors: TextOutput,
    private readonly noColour: boolean,
  ) {}

  /** Whether a person reads the results as they are printed. */
  get isInteractive(): boolean {
    return this.output.isTTY === true;
  }

  /** A line of the result; may hold line breaks. */
  print(text: string): void {
    this.#endProgress();
    this.output.write(`${text}\n`);
  }

  /** Data as it is, with nothing added. */
  printRaw(data: Uint8Array): void {
    this.output.write(data);
  }

  /** Something worth knowing that is no result. */
  note(text: string): void {
    this.#endProgress();
    this.errors.write(`${text}\n`);
  }

  /** Progress that is worth showing to somebody who waits, and to nobody else. */
  transientProgress(text: string): void {
    if (this.errors.isTTY === true) this.progress(text);
  }

  progress(text: string): void {
    if (text === this.#lastProgress) return;
    this.#lastProgress = text;
    if (this.errors.isTTY !== true) {
      this.errors.write(`${text}\n`);
      return;
    }
    this.errors.write(ERASE_LINE + text.slice(0, (this.errors.columns ?? 80) - 1));
    this.#progressShown = true;
  }

  /** `text` in a colour, where results are shown in colour. */
  coloured(text: string, colour: Colour | undefined): string {
    if (colour === undefined || !this.isInteractive || this.noColour) return text;
    return `\u001b[${CODES[colour]}m${text}\u001b[0m`;
  }

  #endProgress(): void {
    if (!this.#progressShown) return;
    this.errors.write(ERASE_LINE);
    this.#progressShown = false;
  }
}
