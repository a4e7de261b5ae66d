import { cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelRepository, naturalOrder } from '../../src/inference/repository';
import { Scratch } from '../support/scratch';
import { samples } from '../support/repositories';

async function addFile(root: string, ...path: readonly string[]): Promise<string> {
  const file = join(root, ...path);
  await mkdir(join(file, '..'), { recursive: true });
  await writeFile(file, 'bytes');
  return file;
}

describe('a model repository', () => {
  it('lists models and versions in natural order, and only those that have a model.onnx', async () => {
    await using scratch = await Scratch.create();
    for (const version of ['10', '2', '1', '.hidden', 'not a name']) {
      await addFile(scratch.path, 'b', version, 'model.onnx');
    }
    await addFile(scratch.path, 'a', 'v1', 'model.onnx');
    await addFile(scratch.path, 'empty', '1', 'model.json');
    await addFile(scratch.path, '.git', '1', 'model.onnx');
    await addFile(scratch.path, 'README.md');
    const repository = new ModelRepository(scratch.path);
    expect(await repository.models()).toEqual(['a', 'b']);
    expect(await repository.versions('b')).toEqual(['1', '2', '10']);
    expect(await repository.versions('empty')).toEqual([]);
    expect(await repository.versions('nobody')).toEqual([]);
    expect(await repository.versions('../b')).toEqual([]);
    expect(await new ModelRepository(join(scratch.path, 'nowhere')).models()).toEqual([]);
  });

  it('locates the files of a version', async () => {
    const directory = join(samples.root, 'iris/2');
    expect(await samples.locate('iris', '2')).toEqual({
      model: 'iris',
      version: '2',
      directory,
      modelPath: join(directory, 'model.onnx'),
      settingsPath: join(directory, 'model.json'),
      handlerPath: join(directory, 'handler.js'),
    });
    expect((await samples.locate('iris', '1')).handlerPath).toBeUndefined();
  });

  it.each(['../../etc', '..', '.', '', 'a/b', 'a\0b', 'x'.repeat(65), '.git', 'two words'])(
    'refuses %j as a model and as a version before it becomes a path',
    async (name) => {
      await expect(samples.locate(name, '1')).rejects.toMatchObject({ code: 'BAD_VERSION' });
      await expect(samples.locate('iris', name)).rejects.toMatchObject({ code: 'BAD_VERSION' });
      await expect(samples.place('iris', name)).rejects.toMatchObject({ code: 'BAD_VERSION' });
      await expect(samples.locate('iris', name)).rejects.toThrow('it must be 1 to 64 of A-Z a-z 0-9 . _ -');
    },
  );

  it('names the versions, or the models, there are when one is missing', async () => {
    await expect(samples.locate('iris', '7')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      retryable: false,
      message: 'version 7 of model iris is not in the repository; there are: 1, 2',
    });
    await expect(samples.locate('rose', '1')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'model rose is not in the repository; there are: digits, iris',
    });
    await using scratch = await Scratch.create();
    await expect(new ModelRepository(scratch.path).locate('rose', '1')).rejects.toThrow('there are: none');
  });

  it('follows symbolic links inside its root and no others', async () => {
    await using scratch = await Scratch.create();
    await using outside = await Scratch.create();
    const root = join(scratch.path, 'models');
    const kept = await addFile(root, 'm', '1', 'model.onnx');
    const secret = await addFile(outside.path, '1', 'model.onnx');
    await symlink(join(root, 'm', '1'), join(root, 'm', 'stable'));
    await symlink(outside.path, join(root, 'leaves'));
    await mkdir(join(root, 'm', '2'));
    await symlink(secret, join(root, 'm', '2', 'model.onnx'));
    await mkdir(join(root, 'm', '3'));
    await symlink(join(root, 'nothing'), join(root, 'm', '3', 'model.onnx'));
    await addFile(root, 'm', '4', 'model.onnx');
    await symlink(secret, join(root, 'm', '4', 'handler.js'));
    const repository = new ModelRepository(root);
    expect(await repository.versions('m')).toEqual(['1', '4', 'stable']);
    expect(await repository.models()).toEqual(['m']);
    expect((await repository.locate('m', 'stable')).modelPath).toBe(kept);
    expect((await repository.locate('m', '4')).handlerPath).toBeUndefined();
    await expect(repository.locate('leaves', '1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(repository.locate('m', '2')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(repository.place('leaves', '1')).rejects.toMatchObject({ code: 'BAD_VERSION' });
    expect(await repository.place('m', '9')).toBe(join(root, 'm', '9'));
  });

  it('may itself be reached by a symbolic link', async () => {
    await using scratch = await Scratch.create();
    await cp(join(samples.root, 'iris'), join(scratch.path, 'real/iris'), { recursive: true });
    await symlink(join(scratch.path, 'real'), join(scratch.path, 'models'));
    const repository = new ModelRepository(join(scratch.path, 'models'));
    expect(await repository.versions('iris')).toEqual(['1', '2']);
    expect((await repository.locate('iris', '1')).modelPath).toBe(
      join(scratch.path, 'real/iris/1/model.onnx'),
    );
  });

  it('says that trying again may help when the disk cannot be read', async () => {
    await using scratch = await Scratch.create();
    // Longer than any name may be: an error that is not "missing", whoever runs the tests.
    const root = join(scratch.path, 'x'.repeat(300));
    await expect(new ModelRepository(root).locate('m', '1')).rejects.toMatchObject({
      code: 'FETCH_FAILED',
      retryable: true,
    });
    await expect(new ModelRepository(root).models()).rejects.toThrow('ENAMETOOLONG');
  });
});

it('orders names naturally, and every two different names', () => {
  expect(['10', '2', 'v2', 'v10', '02', 'A', 'a'].sort(naturalOrder)).toEqual([
    '02',
    '2',
    '10',
    'a',
    'A',
    'v2',
    'v10',
  ]);
});
