/** A number as people read it: three digits that count, thousands told apart, zeros for what is below 100. */
export function shownNumber(value: number): string {
  if (value === Infinity) return '∞';
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-US');
  if (Number.isInteger(value) || size >= 100) return String(Math.round(value));
  return value.toFixed(size >= 10 ? 1 : 2);
}
