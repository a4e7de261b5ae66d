/** Milliseconds on a clock that all threads and processes of this machine share and nobody sets (CLOCK_MONOTONIC). */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** Resolves when {@link now} has reached `ms`. */
export async function until(ms: number): Promise<void> {
  const wait = ms - now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
}

export function pause(ms: number): Promise<void> {
  return until(now() + ms);
}
