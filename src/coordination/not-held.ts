import { CoordinationError } from '../errors';

/** Whether that is why: what has to be held for it is not, or no longer. */
export function isNotHeld(error: unknown): boolean {
  return error instanceof CoordinationError && error.code === 'NOT_HELD';
}

/** For a rejection: a claim that is lost needs nothing more, since the item is on its way to another worker. */
export function ignoreLost(error: unknown): void {
  if (!isNotHeld(error)) throw error;
}
