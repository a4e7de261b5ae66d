import { Command, Option } from 'commander';
import { UsageError } from '../errors';
import { CONNECTION_SETTINGS, readSettings, type FlagValue } from '../settings';
import { SETTINGS, type SettingName } from '../settings-table';
import { COMMANDS, type CommandDeclaration } from './commands';
import type { Invocation } from './invocation';
import type { Terminal } from './terminal';

const DEFAULT_TIMEOUT_S = 60;

export interface ProgramOptions {
  readonly terminal: Terminal;
  readonly version: string;
  /** Hears the exit status of the command that ran. */
  readonly onExit: (status: number) => void;
}

/** The command line, built from the tables of commands and of settings. Parsing throws commander's errors. */
export function buildProgram(options: ProgramOptions): Command {
  const { terminal } = options;
  const program = new Command('zooserve')
    .description('Serve ONNX models whose live version and handler config are znodes in Apache ZooKeeper.')
    .version(options.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .showSuggestionAfterError()
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => {
        terminal.print(text.trimEnd());
      },
      writeErr: (text) => {
        terminal.note(text.trimEnd());
      },
      outputError: (text, write) => {
        write(text.replace(/^error: /, 'zooserve: '));
      },
    });
  addSettings(program, CONNECTION_SETTINGS);
  const groups = new Map<string, Command>();
  for (const declaration of COMMANDS) {
    const words = declaration.name.split(' ');
    const name = words.pop() ?? '';
    let parent = program;
    for (const word of words) {
      const group =
        groups.get(word) ?? parent.command(word).summary('read or replace the live handler config');
      groups.set(word, group);
      parent = group;
    }
    addCommand(parent.command(name), declaration, options);
  }
  return program;
}

function addCommand(command: Command, declaration: CommandDeclaration, options: ProgramOptions): void {
  command.description(sentence(declaration.summary)).summary(declaration.summary);
  for (const operand of declaration.operands) command.argument(operand);
  for (const { flag, value, help } of declaration.flags) {
    command.addOption(new Option(value === undefined ? flag : `${flag} ${value}`, help));
  }
  addSettings(command, declaration.settings);
  command.action(async () => {
    refuseFlags(command, declaration.refused);
    const { run } = await declaration.load();
    options.onExit(await run(invocation(command, options)));
  });
}

function refuseFlags(command: Command, refused: CommandDeclaration['refused'] = {}): void {
  for (const [name, why] of Object.entries(refused)) {
    // The keys are those that the table of commands names.
    const { flag } = SETTINGS[name as SettingName];
    if (givenFlag(command, flag) !== undefined) throw new UsageError(`${flag}: ${why}`);
  }
}

function addSettings(command: Command, names: readonly SettingName[]): void {
  for (const name of names) {
    const { flag, value, help, shownDefault, variable, parseAll } = SETTINGS[name];
    const option = new Option(
      value === undefined ? flag : `${flag} ${value}`,
      `${help} (default: ${shownDefault}, env: ${variable})`,
    );
    if (parseAll !== undefined) {
      option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]);
    }
    command.addOption(option);
  }
}

function invocation(command: Command, { terminal }: ProgramOptions): Invocation {
  const operands = new Map(
    command.registeredArguments.map((argument, at) => [argument.name(), command.args[at]]),
  );
  const reason = givenFlag(command, '--reason');
  return {
    terminal,
    operand(name) {
      const text = operands.get(name);
      if (text === undefined) throw new UsageError(`<${name}> is missing`);
      return text;
    },
    optionalOperand: (name) => operands.get(name),
    isOn: (flag) => givenFlag(command, flag) === true,
    reason: typeof reason === 'string' ? reason : undefined,
    // Read at once: wrong usage is refused before anything is written.
    timeoutMs: timeoutMs(givenFlag(command, '--timeout')),
    settings: (names) => {
      const flags = Object.fromEntries(names.map((name) => [name, givenFlag(command, SETTINGS[name].flag)]));
      return readSettings(names, flags);
    },
  };
}

/** What the command line says of `flag`, before or after the command's name; not its default. */
function givenFlag(command: Command, flag: string): FlagValue {
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const option = at.options.find((known) => known.long === flag);
    if (option === undefined) continue;
    const name = option.attributeName();
    if (at.getOptionValueSource(name) !== 'cli') return undefined;
    // The options declared above give text, a list of texts, or a boolean.
    return at.getOptionValue(name) as FlagValue;
  }
  return undefined;
}

function timeoutMs(flag: FlagValue): number {
  if (flag === undefined) return DEFAULT_TIMEOUT_S * 1000;
  const seconds = typeof flag === 'string' && /^\d{1,6}(\.\d{1,3})?$/.test(flag) ? Number(flag) : 0;
  if (seconds <= 0)
    throw new UsageError(`--timeout: ${JSON.stringify(flag)} is no number of seconds above 0`);
  return seconds * 1000;
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}
