import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from './serve-process';
import { temporaryDirectory, type TemporaryDirectory } from './temporary-directory';

const run = promisify(execFile);

const COMPILER_OPTIONS = {
  module: 'node20',
  target: 'es2023',
  lib: ['es2023', 'esnext.disposable'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  incremental: true,
  outDir: 'built',
  rootDir: '.',
};

/** A project elsewhere that has this package installed as it is published, and nothing else but what it needs. */
export class PackedProject implements AsyncDisposable {
  private constructor(private readonly directory: TemporaryDirectory) {}

  /** Type-checked strictly; the declarations of its packages are checked unless `skipLibCheck`. */
  static async create({ skipLibCheck }: { readonly skipLibCheck: boolean }): Promise<PackedProject> {
    const directory = await temporaryDirectory();
    const project = new PackedProject(directory);
    await run('npm', ['pack', '--silent', '--pack-destination', directory.path], { cwd: PROJECT_ROOT });
    const tarball = (await readdir(directory.path)).find((name) => name.endsWith('.tgz')) ?? '';
    const installed = join(directory.path, 'node_modules', 'zooserve');
    await mkdir(installed, { recursive: true });
    await run('tar', ['-xzf', join(directory.path, tarball), '--strip-components=1', '-C', installed]);
    for (const name of ['rxjs', 'pino', 'node-zookeeper-client', '@types/node']) await project.#link(name);
    await project.write('package.json', JSON.stringify({ name: 'elsewhere', private: true }));
    await project.write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { ...COMPILER_OPTIONS, skipLibCheck } }),
    );
    return project;
  }

  write(name: string, text: string): Promise<void> {
    return writeFile(join(this.directory.path, name), text);
  }

  /** `name`: as for {@link run}. */
  read(name: string): Promise<string> {
    return readFile(join(this.directory.path, 'built', name), 'utf8');
  }

  /** Type-checks and builds everything that was written; rejects with what the compiler says. */
  async compile(): Promise<void> {
    const tsc = join(PROJECT_ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    try {
      await run(process.execPath, [tsc, '-p', this.directory.path]);
    } catch (error) {
      throw new Error(`it does not compile:\n${(error as { stdout: string }).stdout}`, { cause: error });
    }
  }

  /** Runs a file that was built, and resolves with what it printed; rejects unless it ends with 0. */
  async run(name: string, ...args: readonly string[]): Promise<string> {
    const file = join(this.directory.path, 'built', name);
    const { stdout } = await run(process.execPath, [file, ...args], { timeout: 30_000 });
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.directory[Symbol.asyncDispose]();
  }

  /** As installed beside it: the dependencies of a dependency are found from there. */
  async #link(name: string): Promise<void> {
    const place = join(this.directory.path, 'node_modules', name);
    await mkdir(join(place, '..'), { recursive: true });
    await symlink(join(PROJECT_ROOT, 'node_modules', name), place);
  }
}
