/** Where a value lies between two edges of a drawing, `start` (for `from`) and `end` (for `to`). */
export class Axis {
  constructor(
    readonly from: number,
    readonly to: number,
    private readonly start: number,
    private readonly end: number,
    private readonly scale: (value: number) => number = (value) => value,
  ) {}

  static logarithmic(from: number, to: number, start: number, end: number): Axis {
    return new Axis(from, to, start, end, Math.log10);
  }

  at(value: number): number {
    const { from, to, start, end, scale } = this;
    return start + ((scale(value) - scale(from)) / (scale(to) - scale(from))) * (end - start);
  }
}

/** Values to mark on a logarithmic axis: powers of ten, with 2 and 5 times them where there are few. */
export function decades(from: number, to: number): number[] {
  const steps = Math.log10(to / from) < 2.5 ? [1, 2, 5] : [1];
  const marks: number[] = [];
  for (let power = Math.floor(Math.log10(from)); 10 ** power <= to; power += 1) {
    for (const step of steps) {
      const mark = step * 10 ** power;
      if (mark >= from && mark <= to) marks.push(mark);
    }
  }
  return marks;
}

/** Round values from 0 to `to`, about ten of them. */
export function everySome(to: number): number[] {
  const step = [0.5, 1, 2, 5, 10, 20, 50].find((each) => to / each <= 13) ?? 100;
  return Array.from({ length: Math.floor(to / step) + 1 }, (_, i) => i * step);
}
