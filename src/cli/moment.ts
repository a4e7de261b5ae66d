/** A time as tables show it: `2026-01-31 12:00:00Z`. `ms` since 1970. */
export function moment(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}
