import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelRepository } from '../../../src/inference/repository';
import { ModelWorker, type Answer } from '../../support/model-worker';
import { FLOAT, onnxFile, type OnnxValue } from '../../support/onnx-file';
import { Scratch } from '../../support/scratch';

export type Graph = Parameters<typeof onnxFile>[0];

/** A worker of the model odd, of which there is one version that is that graph. */
export async function withModel<T>(graph: Graph, use: (worker: ModelWorker) => Promise<T>): Promise<T> {
  await using scratch = await Scratch.create();
  await mkdir(join(scratch.path, 'odd/1'), { recursive: true });
  await writeFile(join(scratch.path, 'odd/1/model.onnx'), onnxFile(graph));
  await using worker = new ModelWorker(await new ModelRepository(scratch.path).locate('odd', '1'));
  return await use(worker);
}

export const float = (name: string, ...shape: (number | string)[]): OnnxValue => ({
  name,
  type: FLOAT,
  shape,
});

export const identity = (x: OnnxValue, y: OnnxValue): Graph => ({
  inputs: [x],
  outputs: [y],
  nodes: [{ op: 'Identity', inputs: [x.name], outputs: [y.name] }],
});

export const batchable = (graph: Graph): Promise<boolean> =>
  withModel(graph, async (worker) => (await worker.ready()).signature.batchable);

export function data(answer: Answer): unknown {
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return answer.json.outputs[0]?.data;
}
