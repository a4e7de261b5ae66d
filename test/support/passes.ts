import { eventually } from './eventually';

/** Repeats `assertion` until it throws nothing and returns what it gave; after `timeoutMs` fails with its last error. */
export async function passes<T>(assertion: () => T | Promise<T>, timeoutMs?: number): Promise<T> {
  const seen = await eventually(
    async () => ({ value: await assertion() }),
    () => true,
    timeoutMs,
  );
  return seen.value;
}
