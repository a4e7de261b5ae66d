import type { InferenceAnswer, InferenceRequest } from '../inference/inference-request';
import { RequestError } from '../errors';
import type { DataPlane, ModelMetadata } from './data-plane';
import { predict, servedModel } from './predict';
import type { Readiness } from './readiness';
import type { ServedModels } from './served-models';

/** What the transports see of this replica. */
export class ReplicaDataPlane implements DataPlane {
  constructor(
    private readonly served: ServedModels,
    private readonly readiness: Readiness,
  ) {}

  infer(model: string, inference: InferenceRequest): Promise<InferenceAnswer> {
    return predict(this.served, model, inference);
  }

  models(): readonly string[] {
    return this.served.names;
  }

  metadata(model: string, version?: string): ModelMetadata {
    const { slot } = servedModel(this.served, model);
    const { signature } = slot.signature(version);
    return {
      name: model,
      versions: slot.resident,
      platform: 'onnxruntime_onnx',
      inputs: signature.inputs,
      outputs: signature.outputs,
    };
  }

  modelReady(model: string, version?: string): boolean {
    const { slot } = servedModel(this.served, model);
    try {
      slot.signature(version);
      return true;
    } catch (error) {
      if (error instanceof RequestError && error.code === 'NOT_READY') return false;
      throw error;
    }
  }

  unready(): string | undefined {
    return this.readiness.unready;
  }
}
