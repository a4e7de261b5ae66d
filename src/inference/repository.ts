import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { ModelError, errorMessage } from '../errors';
import { isName, NAME_RULE, shown } from '../names';

/** The files of one version; all paths are absolute and below the repository's real root. */
export interface ModelFiles {
  readonly model: string;
  readonly version: string;
  readonly directory: string;
  /** `model.onnx` */
  readonly modelPath: string;
  /** `model.json`, when there is one. */
  readonly settingsPath: string | undefined;
  /** `handler.js`, when there is one. */
  readonly handlerPath: string | undefined;
}

export const MODEL_FILE = 'model.onnx';
export const SETTINGS_FILE = 'model.json';
export const HANDLER_FILE = 'handler.js';

/** `<root>/<model>/<version>/model.onnx`: which files there are. Nothing outside `root` is ever named. */
export class ModelRepository {
  constructor(readonly root: string) {}

  /** Models with at least one version, in natural order; none when the root does not exist. */
  async models(): Promise<string[]> {
    const names = await this.#directories(this.root);
    const versions = await Promise.all(names.map((name) => this.versions(name)));
    return names.filter((_, index) => versions[index]?.length !== 0);
  }

  /** Versions of `model` that have a `model.onnx`, in natural order; none for an unknown model. */
  async versions(model: string): Promise<string[]> {
    if (!isName(model)) return [];
    const names = await this.#directories(join(this.root, model));
    const present = await Promise.all(
      names.map(async (name) => (await this.#file(join(this.root, model, name, MODEL_FILE))) !== undefined),
    );
    return names.filter((_, index) => present[index]);
  }

  /**
   * The directory in which a version is or would be. @throws ModelError BAD_VERSION when a name breaks the rule
   * for names, or when a symbolic link leads out of the root.
   */
  async place(model: string, version: string): Promise<string> {
    requireName('model', model);
    requireName('version', version);
    const directory = join(this.root, model, version);
    for (const path of [directory, join(this.root, model)]) {
      if ((await exists(path)) && !(await this.#isInside(path))) {
        throw new ModelError(
          'BAD_VERSION',
          `${model}/${version} is a symbolic link that leaves the repository`,
        );
      }
    }
    return directory;
  }

  /**
   * The files of one version. {@link ModelError}: BAD_VERSION when a name breaks the rule for names,
   * NOT_FOUND (with the versions there are) when there is no `model.onnx` of that version inside the root,
   * FETCH_FAILED, retryable, when the disk cannot say.
   */
  async locate(model: string, version: string): Promise<ModelFiles> {
    requireName('model', model);
    requireName('version', version);
    const directory = join(this.root, model, version);
    try {
      const modelPath = await this.#file(join(directory, MODEL_FILE));
      if (modelPath !== undefined) {
        return {
          model,
          version,
          directory,
          modelPath,
          settingsPath: await this.#file(join(directory, SETTINGS_FILE)),
          handlerPath: await this.#file(join(directory, HANDLER_FILE)),
        };
      }
    } catch (cause) {
      if (cause instanceof ModelError) throw cause;
      throw new ModelError(
        'FETCH_FAILED',
        `version ${version} of model ${model} cannot be read: ${errorMessage(cause)}`,
        true,
        { cause },
      );
    }
    throw new ModelError('NOT_FOUND', await this.#absent(model, version));
  }

  async #absent(model: string, version: string): Promise<string> {
    const versions = await this.versions(model);
    if (versions.length > 0) {
      return `version ${version} of model ${model} is not in the repository; there are: ${versions.join(', ')}`;
    }
    const models = await this.models();
    return `model ${model} is not in the repository; there are: ${models.join(', ') || 'none'}`;
  }

  async #directories(directory: string): Promise<string[]> {
    let entries: string[];
    try {
      entries = await readdir(directory);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
    return entries.filter(isName).sort(naturalOrder);
  }

  /** The real path of the regular file at `path`, undefined when there is none or it leaves the root. */
  async #file(path: string): Promise<string | undefined> {
    try {
      const real = await realpath(path);
      return (await this.#isInside(real)) && (await stat(real)).isFile() ? real : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Whether what is at `path` lies below the root; a link to nothing does not. */
  async #isInside(path: string): Promise<boolean> {
    try {
      const [root, real] = await Promise.all([realpath(this.root), realpath(path)]);
      return real.startsWith(root.endsWith(sep) ? root : root + sep);
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
}

/** `2` before `10`, and letters by their code. */
export function naturalOrder(a: string, b: string): number {
  collator ??= new Intl.Collator('en', { numeric: true });
  return collator.compare(a, b) || (a < b ? -1 : a > b ? 1 : 0);
}

// Made when two names are first compared: it takes 10 ms, which is too much for the start of every replica.
let collator: Intl.Collator | undefined;

function requireName(what: string, text: string): void {
  if (!isName(text)) {
    throw new ModelError('BAD_VERSION', `${shown(text)} cannot name a ${what}; it must be ${NAME_RULE}`);
  }
}

/** Also true of a symbolic link to nothing. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return error.code === 'ENOENT' || error.code === 'ENOTDIR';
}
