import { InferenceSession } from 'onnxruntime-node';

/** The smallest model there is, `y = Identity(x)` in ONNX's own format (IR 9, opset 17). */
const SMALLEST = Buffer.from(
  'CAk6KwoQCgF4EgF5IghJZGVudGl0eRIBZ1oJCgF4EgQKAggBYgkKAXkSBAoCCAFCAhAR',
  'base64',
);

/**
 * Makes ONNX Runtime do what it does once a process, when the first session is opened: it takes ten times as long as
 * a small model. Whatever is wrong with it, the first real model tells.
 */
export async function wakeRuntime(): Promise<void> {
  try {
    const session = await InferenceSession.create(SMALLEST, { logSeverityLevel: 4 });
    await session.release();
  } catch {
    return;
  }
}
