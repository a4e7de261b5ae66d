import { ModelError } from '../../errors';
import { sampleRow } from './sample-row';
import type { ModelSession } from './model-session';
import { ortMessage } from './ort-message';

/**
 * The model's first run, on one row of zeros, so that no request pays for what ONNX Runtime puts off until
 * then. @throws ModelError WARMUP_FAILED.
 */
export async function warmUp(session: ModelSession): Promise<void> {
  try {
    await session.run(sampleRow(session.signature.inputs, 'ZEROS'));
  } catch (cause) {
    throw new ModelError(
      'WARMUP_FAILED',
      `the model does not run on zeros, with its free dimensions taken as 1: ${ortMessage(cause)} (a probe in model.json warms it up on inputs of your choice instead)`,
      false,
      { cause },
    );
  }
}
