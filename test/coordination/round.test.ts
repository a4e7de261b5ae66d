import { formatRound, parseRound } from '../../src/coordination/round';

describe('the round in the data of the znode', () => {
  it('is read as it was written; anything else is no round', () => {
    expect(parseRound(formatRound(['a', 'b']))).toEqual(['a', 'b']);
    for (const text of ['', '{', '{}', '[1]', 'null']) expect(parseRound(Buffer.from(text))).toEqual([]);
  });
});
