import { createHash } from 'node:crypto';
import { appendFile, cp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { addVersion } from '../../src/inference/publish-files';
import { ModelRepository } from '../../src/inference/repository';
import { samples } from '../support/repositories';
import { Scratch } from '../support/scratch';

const IRIS_2 = join(samples.root, 'iris/2/model.onnx');

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

describe('publishing into the repository', () => {
  it('copies the model and what is beside it, and leaves nothing else there', async () => {
    await using scratch = await Scratch.create();
    const repository = new ModelRepository(join(scratch.path, 'models'));
    const published = await addVersion(repository, 'iris', '2', IRIS_2);
    const directory = join(scratch.path, 'models/iris/2');
    expect(published).toEqual({
      directory,
      sha256: await digest(IRIS_2),
      bytes: (await stat(IRIS_2)).size,
      added: ['model.json', 'handler.js', 'model.onnx'],
    });
    expect((await readdir(directory)).sort()).toEqual(['handler.js', 'model.json', 'model.onnx']);
    for (const name of await readdir(directory)) {
      expect(await digest(join(directory, name))).toBe(await digest(join(samples.root, 'iris/2', name)));
    }
    expect(await repository.versions('iris')).toEqual(['2']);
  });

  it('takes a file of any name, alone when it is alone', async () => {
    await using scratch = await Scratch.create();
    const source = join(scratch.path, 'export.onnx');
    await cp(IRIS_2, source);
    const repository = new ModelRepository(join(scratch.path, 'models'));
    expect((await addVersion(repository, 'm', 'v1', source)).added).toEqual(['model.onnx']);
  });

  it('is content with the same bytes, and adds nothing to a version that is complete', async () => {
    await using scratch = await Scratch.create();
    const repository = new ModelRepository(scratch.path);
    await addVersion(repository, 'iris', '2', IRIS_2);
    expect((await addVersion(repository, 'iris', '2', IRIS_2)).added).toEqual([]);
    await rm(join(scratch.path, 'iris/2/model.json'));
    await expect(addVersion(repository, 'iris', '2', IRIS_2)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringContaining('without model.json') as string,
    });
    const inPlace = join(scratch.path, 'iris/2/model.onnx');
    expect((await addVersion(repository, 'iris', '2', inPlace)).added).toEqual([]);
  });

  it.each(['model.onnx', 'model.json', 'handler.js'])(
    'refuses other bytes of %s, naming both digests, and changes nothing',
    async (name) => {
      await using scratch = await Scratch.create();
      const repository = new ModelRepository(join(scratch.path, 'models'));
      await addVersion(repository, 'iris', '2', IRIS_2);
      const there = join(scratch.path, 'models/iris/2', name);
      const before = await digest(there);
      await cp(join(samples.root, 'iris/2'), join(scratch.path, 'source'), { recursive: true });
      await appendFile(join(scratch.path, 'source', name), ' ');
      await rm(join(scratch.path, 'models/iris/2', name === 'model.json' ? 'handler.js' : 'model.json'));
      const publishing = addVersion(repository, 'iris', '2', join(scratch.path, 'source/model.onnx'));
      const after = await digest(join(scratch.path, 'source', name));
      await expect(publishing).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
      await expect(publishing).rejects.toThrow(before);
      await expect(publishing).rejects.toThrow(after);
      expect(await digest(there)).toBe(before);
      expect(await readdir(join(scratch.path, 'models/iris/2'))).toHaveLength(2);
    },
  );

  it('lets two publish the same at once, and of two different ones the first', async () => {
    await using scratch = await Scratch.create();
    const repository = new ModelRepository(join(scratch.path, 'models'));
    const same = await Promise.all([1, 2, 3, 4].map(() => addVersion(repository, 'iris', '2', IRIS_2)));
    expect(new Set(same.map(({ sha256 }) => sha256)).size).toBe(1);
    const sources = ['a', 'b', 'c', 'd'].map((name) => join(scratch.path, `${name}.onnx`));
    for (const source of sources) await writeFile(source, source.repeat(100_000));
    const raced = await Promise.allSettled(
      sources.map((source) => addVersion(repository, 'raced', '1', source)),
    );
    const won = raced.filter((one) => one.status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(await digest(join(scratch.path, 'models/raced/1/model.onnx'))).toBe(won[0]!.value.sha256);
    for (const one of raced) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'DIGEST_MISMATCH' });
    }
    expect(await readdir(join(scratch.path, 'models/raced/1'))).toEqual(['model.onnx']);
  });

  it('refuses bad names, a missing source, and a place outside the repository', async () => {
    await using scratch = await Scratch.create();
    await using outside = await Scratch.create();
    const repository = new ModelRepository(scratch.path);
    await expect(addVersion(repository, '..', '1', IRIS_2)).rejects.toMatchObject({ code: 'BAD_VERSION' });
    await expect(addVersion(repository, 'm', '../1', IRIS_2)).rejects.toMatchObject({ code: 'BAD_VERSION' });
    await expect(addVersion(repository, 'm', '1', join(scratch.path, 'none.onnx'))).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await symlink(outside.path, join(scratch.path, 'elsewhere'));
    await expect(addVersion(repository, 'elsewhere', '1', IRIS_2)).rejects.toMatchObject({
      code: 'BAD_VERSION',
    });
    await mkdir(join(scratch.path, 'm'));
    await symlink(join(outside.path, 'nothing'), join(scratch.path, 'm/1'));
    await expect(addVersion(repository, 'm', '1', IRIS_2)).rejects.toMatchObject({ code: 'BAD_VERSION' });
    expect(await readdir(outside.path)).toEqual([]);
  });
});
