import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { errorMessage } from '../errors';
import { writeConfig } from '../registry/write-config';
import { author } from './author';
import { connect } from './connect';
import type { Invocation, RunCommand } from './invocation';
import { modelOperand } from './names';
import { followed } from './wait';

/** `zooserve config set <model> <json|@file|->` */
export const run: RunCommand = async (invocation) => {
  const model = modelOperand(invocation);
  const { terminal, reason } = invocation;
  const data = await configData(invocation);
  await using registry = await connect(invocation);
  const { session, paths } = registry;
  const change = await writeConfig(session, paths, { model, data, by: author(), reason });
  terminal.print(`the config of ${model} is written (zxid ${change.mzxid})`);
  if ((await session.exists(paths.version(model))) === undefined) {
    terminal.note(`${model} has no version promoted yet: zooserve promote ${model} <version>`);
  }
  return await followed(invocation, registry, change, 'config');
};

async function configData(invocation: Invocation): Promise<Uint8Array> {
  const source = invocation.operand('json|@file|-');
  if (source === '-') return buffer(invocation.terminal.input);
  if (!source.startsWith('@')) return Buffer.from(source);
  try {
    return await readFile(source.slice(1));
  } catch (cause) {
    throw new Error(`the config cannot be read: ${errorMessage(cause)}`, { cause });
  }
}
