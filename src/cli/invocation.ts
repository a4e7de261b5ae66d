import type { SettingName, Settings } from '../settings-table';
import type { Terminal } from './terminal';

/** One command as it was called. */
export interface Invocation {
  readonly terminal: Terminal;
  /** An operand that the command's usage demands. */
  operand(name: string): string;
  /** An operand in brackets. */
  optionalOperand(name: string): string | undefined;
  /** Whether a switch of the command's own, such as `--force`, was given. */
  isOn(flag: CommandSwitch): boolean;
  readonly reason: string | undefined;
  /** Of `--timeout`. */
  readonly timeoutMs: number;
  /** From flags, environment and defaults; throws UsageError. */
  readonly settings: <Name extends SettingName>(names: readonly Name[]) => Readonly<Pick<Settings, Name>>;
}

export type CommandSwitch = '--wait' | '--json' | '--force';

/** Carries a command out and answers its exit status. What it throws is printed, and the status is 1 or 64. */
export type RunCommand = (invocation: Invocation) => Promise<number>;
