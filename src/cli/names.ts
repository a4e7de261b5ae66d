import { UsageError } from '../errors';
import { isName, NAME_RULE, shown } from '../names';
import type { Invocation } from './invocation';

/** The operand `<model>`; a {@link UsageError} when it can name none. */
export function modelOperand(invocation: Invocation): string {
  return named('model', invocation.operand('model'));
}

/** The operand `<version>`; a {@link UsageError} when it can name none. */
export function versionOperand(invocation: Invocation): string {
  return named('version', invocation.operand('version'));
}

export function named(what: 'model' | 'version', text: string): string {
  if (!isName(text)) throw new UsageError(`${shown(text)} is no ${what}; expected ${NAME_RULE}`);
  return text;
}
