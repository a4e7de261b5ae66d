import type { InferenceSession } from 'onnxruntime-node';
import { ModelError } from '../../errors';
import { shown } from '../../names';
import { datatypeOf } from '../datatype';
import type { ModelSignature, TensorSignature } from '../signature';

type Metadata = Pick<InferenceSession, 'inputMetadata' | 'outputMetadata'>;

/**
 * The signature that a session has. @throws ModelError BAD_MODEL naming the first input or output that is no
 * tensor, or of a type that the protocol has no word for.
 */
export function signatureOf(session: Metadata): ModelSignature {
  return {
    inputs: session.inputMetadata.map((value) => tensorSignature('input', value)),
    outputs: session.outputMetadata.map((value) => tensorSignature('output', value)),
    batchable: isBatchable(session),
  };
}

function tensorSignature(side: string, value: InferenceSession.ValueMetadata): TensorSignature {
  if (!value.isTensor) {
    throw new ModelError(
      'BAD_MODEL',
      `${side} ${shown(value.name)} is a sequence, a map or an optional value; only tensors can be served (scikit-learn: export with zipmap=False)`,
    );
  }
  const datatype = datatypeOf(value.type);
  if (datatype === undefined) {
    throw new ModelError(
      'BAD_MODEL',
      `${side} ${shown(value.name)} has type ${value.type}, which cannot be served`,
    );
  }
  const shape = value.shape.map((dimension) => (typeof dimension === 'number' ? dimension : -1));
  return { name: value.name, datatype, shape };
}

/**
 * Whether the first dimension is the batch: free on every input and output, one and the same where the inputs
 * name it, and nowhere a dimension of another place (a matrix of all rows against all rows).
 */
function isBatchable(session: Metadata): boolean {
  const names = new Set<string>();
  for (const value of [...session.inputMetadata, ...session.outputMetadata]) {
    if (!value.isTensor || typeof value.shape[0] !== 'string') return false;
  }
  for (const value of session.inputMetadata) {
    if (value.isTensor && typeof value.shape[0] === 'string' && value.shape[0] !== '')
      names.add(value.shape[0]);
  }
  if (session.inputMetadata.length === 0 || names.size > 1) return false;
  return [...session.inputMetadata, ...session.outputMetadata].every(
    (value) =>
      !value.isTensor || value.shape.slice(1).every((name) => typeof name === 'number' || !names.has(name)),
  );
}
