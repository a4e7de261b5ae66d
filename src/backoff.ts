/**
 * A random time up to a limit that doubles with each failure in a row, so that many clients that lost the same
 * server do not come back in step.
 *
 * @param failures how many there have been before this one, from 0
 */
export function backoffMs(
  failures: number,
  { firstMs, limitMs }: { readonly firstMs: number; readonly limitMs: number },
): number {
  const ceiling = Math.min(limitMs, firstMs * 2 ** Math.min(failures, 30));
  return Math.random() * ceiling;
}
