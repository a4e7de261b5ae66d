import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelRepository, type ModelFiles } from '../../src/inference/repository';
import { fixtures } from './repositories';

/** A fixture's model with another `handler.js` and `model.json` beside it, in `directory`. */
export async function modelWith(
  directory: string,
  fixture: string,
  files: { readonly handler?: string; readonly settings?: object },
): Promise<ModelFiles> {
  const target = join(directory, fixture, '1');
  await mkdir(target, { recursive: true });
  await cp(join(fixtures.root, fixture, '1/model.onnx'), join(target, 'model.onnx'));
  if (files.handler !== undefined) await writeFile(join(target, 'handler.js'), files.handler);
  if (files.settings !== undefined)
    await writeFile(join(target, 'model.json'), JSON.stringify(files.settings));
  return await new ModelRepository(directory).locate(fixture, '1');
}
