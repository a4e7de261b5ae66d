import { env, InferenceSession, listSupportedBackends, Tensor as OrtTensor } from 'onnxruntime-node';
import { ModelError } from '../../errors';
import type { SessionConfig } from '../../handler-config';
import { numbersOf, type NumericArray, type Tensor } from '../codec/tensor';
import { datatypeOf, ORT_TYPES } from '../datatype';
import type { ModelSignature } from '../signature';
import { ortMessage } from './ort-message';
import type { Progress } from './progress';
import { signatureOf } from './session-signature';

/** Errors are ours to report: ONNX Runtime would print each one to stderr as well. */
const SILENT = { logSeverityLevel: 4 } as const;
env.logLevel = 'fatal';

/** One model in ONNX Runtime. It belongs to the thread that opened it, and each call blocks that thread. */
export class ModelSession {
  readonly signature: ModelSignature;
  readonly #session: InferenceSession;
  readonly #progress: Progress;

  private constructor(session: InferenceSession, progress: Progress) {
    this.#session = session;
    this.#progress = progress;
    this.signature = signatureOf(session);
  }

  /** @throws ModelError BAD_MODEL with what ONNX Runtime says of the bytes. */
  static async open(bytes: Uint8Array, config: SessionConfig, progress: Progress): Promise<ModelSession> {
    requireProviders(config.executionProviders);
    let session: InferenceSession;
    try {
      session = await InferenceSession.create(bytes, {
        ...SILENT,
        executionProviders: config.executionProviders,
        graphOptimizationLevel: config.graphOptimization,
        intraOpNumThreads: config.intraOpThreads,
        interOpNumThreads: 1,
        executionMode: 'sequential',
      });
    } catch (cause) {
      throw new ModelError('BAD_MODEL', `ONNX Runtime cannot load model.onnx: ${ortMessage(cause)}`, false, {
        cause,
      });
    }
    try {
      return new ModelSession(session, progress);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * One call of ONNX Runtime. `inputs` has every input of the signature; `outputs` undefined means all.
   * Rejects with ONNX Runtime's own error, of which `ortMessage` makes words.
   */
  async run(
    inputs: ReadonlyMap<string, Tensor>,
    outputs?: readonly string[],
  ): Promise<ReadonlyMap<string, Tensor>> {
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, tensor] of inputs) feeds[name] = toOrt(tensor);
    const results =
      outputs === undefined
        ? await this.#session.run(feeds, SILENT)
        : await this.#session.run(feeds, outputs, SILENT);
    this.#progress.step();
    const tensors = new Map<string, Tensor>();
    for (const { name } of this.signature.outputs) {
      const result = results[name];
      if (result !== undefined) tensors.set(name, fromOrt(result));
    }
    return tensors;
  }

  /** The session is of no use afterwards. */
  async release(): Promise<void> {
    await this.#session.release();
  }
}

function requireProviders(wanted: readonly string[]): void {
  const built = listSupportedBackends().map(({ name }) => name);
  for (const name of wanted) {
    if (!built.includes(name)) {
      throw new ModelError(
        'BAD_MODEL',
        `execution provider ${name} is not in this build of ONNX Runtime; there are: ${built.join(', ')}`,
      );
    }
  }
}

function toOrt(tensor: Tensor): OrtTensor {
  if (tensor.datatype === 'BYTES') return new OrtTensor('string', [...tensor.data], tensor.shape);
  // The array's kind was chosen by the datatype, which the overloads of the constructor cannot follow.
  return new OrtTensor(
    ORT_TYPES[tensor.datatype] as 'float32',
    numbersOf(tensor) as Float32Array,
    tensor.shape,
  );
}

function fromOrt(tensor: OrtTensor): Tensor {
  const datatype = datatypeOf(tensor.type);
  if (datatype === undefined) throw new TypeError(`an output of type ${tensor.type} came`);
  const shape = tensor.dims;
  // What `data` holds follows from `type`: strings, or the array kind of the datatype.
  if (datatype === 'BYTES') return { datatype, shape, data: tensor.data as string[] };
  const data = tensor.data as NumericArray;
  if (datatype !== 'FP16') return { datatype, shape, data };
  // Newer versions of Node.js have an array kind for halves; here they are bits everywhere.
  return { datatype, shape, data: new Uint16Array(data.buffer, data.byteOffset, data.length) };
}
