/** `text` on one line and with no control character, which in a record from a stranger could steer the terminal. */
export function printable(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/\p{Cc}|\p{Cf}/gu, '\ufffd');
}
