import { CommanderError } from 'commander';
import { errorMessage, UsageError, ZooKeeperError } from '../errors';
import { programVersion } from '../program-version';
import { keepPoolAwake } from '../pool-pulse';
import { noColour } from '../settings';
import { EXIT } from './exit-code';
import { printable } from './printable';
import { buildProgram } from './program';
import { Terminal } from './terminal';

/** Runs the command that `args` names and answers its exit status; never throws. */
export async function main(args: readonly string[]): Promise<number> {
  using _pulse = keepPoolAwake();
  const terminal = new Terminal(process.stdin, process.stdout, process.stderr, noColour());
  endQuietlyWithoutReader(process.stdout);
  endQuietlyWithoutReader(process.stderr);
  let status: number = EXIT.OK;
  try {
    const program = buildProgram({
      terminal,
      version: programVersion(),
      onExit: (exit) => {
        status = exit;
      },
    });
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    // Commander has said what was wrong, or printed the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
    terminal.note(`zooserve: ${message(error).split('\n').map(printable).join('\n')}`);
    return error instanceof UsageError ? EXIT.USAGE : EXIT.FAILURE;
  }
}

/** What went wrong, and for want of rights how to have others. */
function message(error: unknown): string {
  const refused = error instanceof ZooKeeperError && error.code === 'NO_AUTH';
  return errorMessage(error) + (refused ? '; --auth (ZOOSERVE_ZOOKEEPER_AUTH) says who to be' : '');
}

/** A reader that has enough, such as `head`, is no failure. */
function endQuietlyWithoutReader(output: NodeJS.WriteStream): void {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
