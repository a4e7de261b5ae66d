import { RequestError } from '../../src/errors';
import { unknownModel, type DataPlane, type ModelMetadata } from '../../src/handlers/data-plane';
import type { InferenceAnswer, InferenceRequest } from '../../src/inference/inference-request';

export const ZXID = '00000000000000aa';

/**
 * Models without models: `iris` answers each request with the bytes of its body until a test says otherwise,
 * and `digits` is not ready. What was asked is kept.
 */
export class FakePlane implements DataPlane {
  readonly asked: { readonly model: string; readonly request: InferenceRequest }[] = [];
  whyUnready: string | undefined;
  answer: (request: InferenceRequest) => InferenceAnswer | Promise<InferenceAnswer> = echo;

  async infer(model: string, request: InferenceRequest): Promise<InferenceAnswer> {
    this.asked.push({ model, request });
    this.#find(model, request.version);
    return this.answer(request);
  }

  models(): readonly string[] {
    return ['digits', 'iris'];
  }

  metadata(model: string, version?: string): ModelMetadata {
    this.#find(model, version);
    return {
      name: model,
      versions: ['1', '2'],
      platform: 'onnx_onnxv1',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 4] }],
      outputs: [{ name: 'label', datatype: 'INT64', shape: [-1] }],
    };
  }

  modelReady(model: string, version?: string): boolean {
    this.#find(model, version);
    return model === 'iris';
  }

  unready(): string | undefined {
    return this.whyUnready;
  }

  #find(model: string, version: string | undefined): void {
    if (!this.models().includes(model)) throw unknownModel(model, this.models());
    if (version !== undefined && version !== '1' && version !== '2') {
      throw new RequestError('UNKNOWN_VERSION', `iris has no version ${version}; there are: 1, 2`);
    }
  }
}

/** The request's own bytes, as made by version 1. */
export function echo(request: InferenceRequest): InferenceAnswer {
  return {
    body: request.body.joined(),
    jsonLength: request.jsonLength,
    version: request.version ?? '1',
    versionStamp: request.version === undefined ? ZXID : undefined,
    configStamp: undefined,
  };
}
