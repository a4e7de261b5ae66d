/** How a worker was lost: its thread has ended, or it hangs and was given up. */
export interface Departure {
  readonly how: 'ended' | 'hung';
  readonly reason: string;
}

/** What stands behind "the worker of ..." in an error. */
export function departed({ how, reason }: Departure): string {
  return `${how === 'ended' ? 'ended' : 'hangs'}: ${reason}`;
}
