import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { PROJECT_ROOT } from '../stand/stand';

/** What the figures were measured on; a figure is worth little without it. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly system: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly java: string;
  /** Processes that wanted to run, over the last minute, as the benchmark began: whether it had the machine for itself. */
  readonly loadBefore: number;
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 1e9),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    onnxruntime: onnxruntimeVersion(),
    java: javaVersion(),
    loadBefore: Math.round((loadavg()[0] ?? 0) * 10) / 10,
  };
}

function onnxruntimeVersion(): string {
  const file = join(PROJECT_ROOT, 'node_modules', 'onnxruntime-node', 'package.json');
  // A package's manifest has a version.
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

function javaVersion(): string {
  const home = process.env['JAVA_HOME'];
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin', 'java');
  const [first = ''] = execFileSync(java, ['--version'], { encoding: 'utf8' }).split('\n');
  return first.trim();
}
