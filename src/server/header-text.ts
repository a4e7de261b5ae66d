const LONGEST = 500;

/** As the value of a header can have it: on one line, in ASCII, cut where it is long. */
export function headerText(text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').replaceAll(/[^\x20-\x7e]/g, '?');
  return plain.length <= LONGEST ? plain : `${plain.slice(0, LONGEST - 3)}...`;
}
