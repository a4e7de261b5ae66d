const heard = (): void => undefined;

/**
 * `AbortSignal.any`, also for signals that nobody else holds. Node.js 20 lets an `AbortSignal.timeout` among them be
 * collected as garbage, after which it never aborts; one that is listened to is kept.
 */
export function anySignal(signals: readonly AbortSignal[]): AbortSignal {
  // The same function each time: a signal that lives long has it once.
  for (const signal of signals) signal.addEventListener('abort', heard);
  return AbortSignal.any([...signals]);
}
