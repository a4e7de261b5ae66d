import { ModelError } from '../../errors';
import { shown } from '../../names';
import { DataFault, describe, shapeText } from '../codec/data-fault';
import { requireFit } from '../codec/fit-signature';
import { fromHalves } from '../codec/json-array';
import { numbersOf, type Tensor } from '../codec/tensor';
import type { Probe } from '../model-settings';
import type { ModelSignature } from '../signature';
import type { ModelSession } from './model-session';
import { ortMessage } from './ort-message';

/**
 * Runs each probe on the model alone and compares. @throws ModelError BAD_MODEL for a probe that does not fit
 * the model's signature, WARMUP_FAILED for one that does not run, PROBE_MISMATCH naming the first output and
 * element that came out otherwise.
 */
export async function runProbes(session: ModelSession, probes: readonly Probe[]): Promise<void> {
  for (const [i, probe] of probes.entries()) {
    requireProbeFits(session.signature, probe, i);
    let answers: ReadonlyMap<string, Tensor>;
    try {
      answers = await session.run(probe.inputs);
    } catch (cause) {
      throw new ModelError(
        'WARMUP_FAILED',
        `the model does not run on probe ${i}: ${ortMessage(cause)}`,
        false,
        {
          cause,
        },
      );
    }
    for (const [name, expected] of probe.outputs) {
      const problem = mismatch(answers.get(name), expected, probe.tolerance);
      if (problem !== undefined) {
        throw new ModelError('PROBE_MISMATCH', `probe ${i}, output ${shown(name)}${problem}`);
      }
    }
  }
}

function requireProbeFits({ inputs, outputs }: ModelSignature, probe: Probe, index: number): void {
  const path = `model.json: $.probes[${index}]`;
  for (const input of inputs) {
    const tensor = probe.inputs.get(input.name);
    if (tensor === undefined) {
      throw new ModelError(
        'BAD_MODEL',
        `${path}.inputs: no tensor for the model's input ${shown(input.name)}`,
      );
    }
    try {
      requireFit(input, tensor.datatype, tensor.shape);
    } catch (cause) {
      if (!(cause instanceof DataFault)) throw cause;
      throw new ModelError(
        'BAD_MODEL',
        `${path}.inputs.${input.name}.${cause.path}: ${cause.problem}`,
        false,
        {
          cause,
        },
      );
    }
  }
  requireKnown(`${path}.inputs`, probe.inputs, inputs);
  requireKnown(`${path}.outputs`, probe.outputs, outputs);
}

function requireKnown(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  known: readonly { readonly name: string }[],
): void {
  for (const name of tensors.keys()) {
    if (known.every((one) => one.name !== name)) {
      const names = known.map((one) => shown(one.name)).join(', ');
      throw new ModelError('BAD_MODEL', `${path}: the model has no ${shown(name)}; it has ${names}`);
    }
  }
}

/** How `got` differs from `expected`, as the end of a sentence; undefined when it does not. */
function mismatch(got: Tensor | undefined, expected: Tensor, tolerance: number): string | undefined {
  if (got?.datatype !== expected.datatype) {
    return `: got ${got?.datatype ?? 'nothing'}, expected ${expected.datatype}`;
  }
  if (got.shape.length !== expected.shape.length || got.shape.some((n, i) => n !== expected.shape[i])) {
    return `: got shape ${shapeText(got.shape)}, expected ${shapeText(expected.shape)}`;
  }
  const gotValues = valuesOf(got);
  const expectedValues = valuesOf(expected);
  const floating = expected.datatype.startsWith('FP');
  for (let i = 0; i < expectedValues.length; i++) {
    const [value, wanted] = [gotValues[i], expectedValues[i]];
    if (!near(value, wanted, floating ? tolerance : 0)) {
      const within = floating ? ` with a tolerance of ${tolerance}` : '';
      return ` at ${i}: got ${describe(value)}, expected ${describe(wanted)}${within}`;
    }
  }
  return undefined;
}

/** `tolerance` is absolute up to a magnitude of 1, relative beyond. */
function near(value: unknown, wanted: unknown, tolerance: number): boolean {
  if (Object.is(value, wanted) || value === wanted) return true;
  if (typeof value !== 'number' || typeof wanted !== 'number' || !Number.isFinite(wanted)) return false;
  return Math.abs(value - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
}

function valuesOf(tensor: Tensor): ArrayLike<unknown> {
  if (tensor.datatype === 'BYTES') return tensor.data;
  return tensor.datatype === 'FP16' ? fromHalves(tensor.data) : numbersOf(tensor);
}
