import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The file is there and is not what was written: cut, changed, or no sealed file at all. */
export class SealBroken extends Error {
  override readonly name = 'SealBroken';
}

/**
 * The JSON value that {@link writeSealed} put there, or undefined when there is no file. Throws {@link SealBroken}
 * when its digest does not fit, and what the file system says otherwise.
 */
export async function readSealed(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')
      return undefined;
    throw error;
  }
  let sealed: unknown;
  try {
    sealed = JSON.parse(text);
  } catch (cause) {
    throw new SealBroken(`${path} is no JSON`, { cause });
  }
  if (typeof sealed !== 'object' || sealed === null || !('sha256' in sealed) || !('state' in sealed)) {
    throw new SealBroken(`${path} has no digest of itself`);
  }
  if (sealed.sha256 !== digestOf(sealed.state)) throw new SealBroken(`${path} does not fit its digest`);
  return sealed.state;
}

/**
 * Puts `state` there with a digest of it: whoever reads finds the former file or the new one, whole, also after a
 * crash of the machine. One writer at a time. Makes the folder, for this user only.
 */
export async function writeSealed(path: string, state: object): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const beside = `${path}.part`;
  const file = await open(beside, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ sha256: digestOf(state), state })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, path);
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Of its JSON text, which is the same again after it was written and parsed. */
function digestOf(state: unknown): string {
  return createHash('sha256').update(JSON.stringify({ state })).digest('hex');
}
