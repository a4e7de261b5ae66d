import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The folder of this clone: from dist/test/scripts. */
const PROJECT = join(__dirname, '..', '..', '..');

/** The bundler's package for clones without the real one: of a program it writes the source as it is. */
export const BUNDLER = `
const fs = require('fs');
exports.build = async ({ entryPoints, outdir }) => ({
  outputFiles: Object.entries(entryPoints).map(([name, source]) => ({
    path: outdir + '/' + name + '.js',
    contents: fs.readFileSync(source),
  })),
  metafile: { inputs: {} },
});
`;

export interface Ended {
  readonly status: number | null;
  /** Standard output and error, as they came. */
  readonly output: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What has been printed so far. */
  output(): string;
}

/**
 * A folder with the project's scripts and one small source, where the set-up may do as it likes: PATH starts with a folder
 * for programs of the test's own, and npm, apt-get and Java are only those that a test puts there.
 */
export class ScratchClone implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'zooserve-clone-'));
  readonly #programs = join(this.folder, '.programs');
  readonly #children: ChildProcess[] = [];
  #environment: Record<string, string> = {};

  constructor() {
    for (const name of ['scripts', 'bin', '.ci', 'package.json']) this.copy(name);
    mkdirSync(this.#programs);
    this.write('package-lock.json', JSON.stringify({ packages: { '': { name: 'scratch' } } }));
    this.write(
      'tsconfig.json',
      JSON.stringify({
        compilerOptions: {
          rootDir: '.',
          outDir: 'dist',
          incremental: true,
          tsBuildInfoFile: 'dist/.tsbuildinfo',
          module: 'node20',
          moduleResolution: 'node16',
          target: 'es2023',
          lib: ['es2015'], // little to read: quick
          strict: true,
          types: [],
        },
        include: ['src', 'test'],
      }),
    );
    this.write('src/one.ts', 'export const one = 1;\n');
    this.write('src/cli/main.ts', "export { one } from '../one';\n");
    this.write('src/inference/worker/model-worker.ts', 'export {};\n');
  }

  /** As it is in the project. */
  copy(name: string): void {
    cpSync(join(PROJECT, name), join(this.folder, name), { recursive: true });
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.folder, path)), { recursive: true });
    writeFileSync(join(this.folder, path), text);
  }

  read(path: string): string {
    return readFileSync(join(this.folder, path), 'utf8');
  }

  has(path: string): boolean {
    return existsSync(join(this.folder, path));
  }

  remove(path: string): void {
    rmSync(join(this.folder, path), { recursive: true });
  }

  /** Says that a file was last changed `seconds` after the start of 1970. */
  changedAt(path: string, seconds: number): void {
    utimesSync(join(this.folder, path), seconds, seconds);
  }

  /** The real dependencies, which the set-up leaves alone because they are a link. */
  linkDependencies(): void {
    symlinkSync(join(PROJECT, 'node_modules'), join(this.folder, 'node_modules'));
  }

  /** A program on PATH, as a shell script. */
  program(name: string, script: string): void {
    const file = join(this.#programs, name);
    writeFileSync(file, `#!/bin/sh\n${script}\n`);
    chmodSync(file, 0o755);
  }

  setEnvironment(environment: Record<string, string>): void {
    this.#environment = environment;
  }

  /** Starts Node.js in a process group of its own, with PATH cut down to the test's programs and the shell's. */
  start(...args: readonly string[]): Running {
    const child = spawn(process.execPath, args, {
      cwd: this.folder,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: this.#programs, HOME: this.folder, ...this.#environment },
    });
    this.#children.push(child);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (status) => {
        resolve({ status, output });
      });
    });
    return { child, ended, output: () => output };
  }

  run(...args: readonly string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** Ends whatever a failed test left running, and removes the folder. */
  [Symbol.dispose](): void {
    for (const child of this.#children) {
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid, 'SIGKILL');
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
