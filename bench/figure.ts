/** A measured value: what of, and in which unit. */
export interface Quantity {
  readonly value: number;
  /** As it stands behind the number: `ms`, `requests/s`, `MB`. */
  readonly unit: string;
  readonly what: string;
}

/** A bound on the ratio, on the difference, or on what was measured itself. Not for us to change. */
export type Goal = { readonly of: 'ratio' | 'difference' | 'measured' } & (
  { readonly atMost: number } | { readonly atLeast: number } | { readonly below: number }
);

/** One line of the table. */
export interface Figure {
  readonly name: string;
  readonly measured: Quantity;
  /** Measured in the same run. */
  readonly against?: Quantity;
  /** Absent: shown to be compared, nothing is promised. */
  readonly goal?: Goal;
}

/** What a measurement hands back: lines of the table, and everything that a reader of the JSON may ask about. */
export interface Measurement {
  readonly figures: readonly Figure[];
  readonly details: Readonly<Record<string, unknown>>;
}

export function ratioOf({ measured, against }: Figure): number | undefined {
  return against === undefined || against.value === 0 ? undefined : measured.value / against.value;
}

/** Undefined when there is no goal. What could not be measured (NaN) meets none. */
export function isMet(figure: Figure): boolean | undefined {
  const { goal } = figure;
  if (goal === undefined) return undefined;
  const value = judged(figure, goal);
  if ('atMost' in goal) return value <= goal.atMost;
  return 'below' in goal ? value < goal.below : value >= goal.atLeast;
}

function judged(figure: Figure, { of }: Goal): number {
  const { measured, against } = figure;
  if (of === 'ratio') return ratioOf(figure) ?? NaN;
  return of === 'difference' ? measured.value - (against?.value ?? NaN) : measured.value;
}
