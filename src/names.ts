/** Model names and versions come from strangers: checked here before they become a path of any kind. */

const NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/;

export const NAME_RULE = '1 to 64 of A-Z a-z 0-9 . _ -, not starting with a dot';

/** Whether `text` may name a model, a version or a replica. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

/** `text` as it may be shown in an error or a log: at most 80 characters, control characters escaped. */
export function shown(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 77)}...` : text;
  return JSON.stringify(short);
}
