/** The names of those who passed a barrier together, in the order of their ranks. */
export type Round = readonly string[];

/** Reads what {@link formatRound} wrote; there was no round yet where nothing, or something else, stands. */
export function parseRound(data: Uint8Array): Round {
  try {
    const round: unknown = JSON.parse(Buffer.from(data).toString());
    return Array.isArray(round) && round.every((name) => typeof name === 'string') ? round : [];
  } catch {
    return [];
  }
}

export function formatRound(round: Round): Buffer {
  return Buffer.from(JSON.stringify(round));
}
