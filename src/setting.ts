/** One row: what a flag is called, what it means, where else it may come from, and what it may be. */
export interface Setting<Value> {
  readonly flag: string;
  /** How the flag's value is shown in the help; undefined for a switch. */
  readonly value: string | undefined;
  readonly variable: string;
  readonly help: string;
  /** How the default is shown in the help. */
  readonly shownDefault: string;
  readonly fallback: Value;
  /** Throws an Error that says what is wrong with `text`. */
  readonly parse: (text: string) => Value;
  /** Only for a flag that may be repeated: all of its occurrences. */
  readonly parseAll?: (texts: readonly string[]) => Value;
}
