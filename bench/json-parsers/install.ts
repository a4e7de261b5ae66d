import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Packages of the npm registry in a temporary folder: they are measured, and nothing here depends on them. */
export class InstalledPackages implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** `packages` as npm has them: `name@version`. Their install scripts are not run. Throws with npm's output. */
  static async install(packages: readonly string[]): Promise<InstalledPackages> {
    const folder = await mkdtemp(join(tmpdir(), 'zooserve-packages-'));
    const installed = new InstalledPackages(folder);
    try {
      installed.#npm('install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages);
      return installed;
    } catch (error) {
      await installed[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs the install script of one, which compiles its native code. Throws with the end of the compiler's output. */
  build(name: string): void {
    this.#npm('rebuild', '--ignore-scripts=false', '--foreground-scripts', name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  #npm(...args: readonly string[]): void {
    const { status, stdout, stderr, error } = spawnSync('npm', [...args, '--prefix', this.folder], {
      cwd: this.folder,
      encoding: 'utf8',
    });
    if (error !== undefined) throw error;
    if (status !== 0) throw new Error(`npm ${args.join(' ')}:\n${(stdout + stderr).slice(-2000)}`);
  }
}
