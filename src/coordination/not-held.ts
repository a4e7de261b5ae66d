import { CoordinationError } from '../errors';

/** For a rejection: a claim that is lost needs nothing more, since the item is on its way to another worker. */
export function ignoreLost(error: unknown): void {
  if (!(error instanceof CoordinationError && error.code === 'NOT_HELD')) throw error;
}
