/**
 * Lets every contestant run `rounds` times, one after the other, in the opposite order every second round, so
 * that a machine that gets slower or faster does so for all of them alike. Results by contestant, in order.
 */
export async function inTurns<Name extends string, Result>(
  rounds: number,
  contestants: Readonly<Record<Name, () => Promise<Result>>>,
): Promise<Record<Name, Result[]>> {
  // The keys of a record by `Name` are names.
  const names = Object.keys(contestants) as Name[];
  // Filled for each name right here.
  const results = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Name, Result[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      results[name].push(await contestants[name]());
    }
  }
  return results;
}
