import { readConfig } from '../registry/read-config';
import { connect } from './connect';
import { EXIT } from './exit-code';
import type { RunCommand } from './invocation';
import { requireModel } from './known-model';
import { modelOperand } from './names';
import { printable } from './printable';
import type { Terminal } from './terminal';

/**
 * `zooserve config get <model>`: the znode's bytes as they are, laid out on a terminal. No znode, or an empty
 * one, prints `{}`, which means the same.
 */
export const run: RunCommand = async (invocation) => {
  const model = modelOperand(invocation);
  const { terminal } = invocation;
  await using registry = await connect(invocation);
  await requireModel(registry, model);
  const config = await readConfig(registry.session, registry.paths, model);
  if (config === undefined || config.data.toString('latin1').trim() === '') {
    terminal.print('{}');
    terminal.note(`${model} has no config of its own: every key has its default`);
  } else {
    printConfig(terminal, config.data);
  }
  return EXIT.OK;
};

function printConfig(terminal: Terminal, data: Buffer): void {
  if (terminal.isInteractive) {
    try {
      terminal.print(JSON.stringify(JSON.parse(data.toString('utf8')), undefined, 2));
    } catch {
      terminal.print(printable(data.toString('utf8')));
    }
    return;
  }
  terminal.printRaw(data);
  if (data.at(-1) !== 0x0a) terminal.print('');
}
