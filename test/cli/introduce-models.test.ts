import { appendFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { introduceModels } from '../../src/cli/introduce-models';
import { ModelRepository, SETTINGS_FILE } from '../../src/inference/repository';
import { readManifest } from '../../src/registry/catalog';
import { CommandLine } from '../support/command-line';
import { logged } from '../support/logged';
import { PROJECT_ROOT } from '../support/serve-process';
import { temporaryDirectory } from '../support/temporary-directory';

test('a model.json that is being written needs no new version, unless it was published', async () => {
  await using cli = await CommandLine.start();
  await using models = await temporaryDirectory();
  await cp(join(PROJECT_ROOT, 'models', 'iris'), join(models.path, 'iris'), { recursive: true });
  const source = (version: string): string => join(models.path, 'iris', version, 'model.onnx');
  expect((await cli.run(['publish', 'iris', '1', source('1'), '--models', models.path])).status).toBe(0);

  const introduce = async (): Promise<readonly string[]> => {
    const { log, lines } = logged();
    const introduced = await introduceModels(cli, new ModelRepository(models.path), log);
    expect(introduced).toEqual([{ model: 'iris', live: '1' }]);
    return lines.map(({ error }) => String(error));
  };
  expect(await introduce()).toEqual([]);
  expect((await readManifest(cli.session, cli.paths, 'iris', '2'))?.files).toBeUndefined();

  for (const version of ['1', '2']) await appendFile(join(models.path, 'iris', version, SETTINGS_FILE), '\n');
  expect(await introduce()).toEqual([expect.stringMatching(/version 1 of iris .* with other model.json/)]);
});
