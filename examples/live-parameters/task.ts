import { setTimeout as sleep } from 'node:timers/promises';
import type { Parameters } from './parameters';

const STEP_MS = 2;
const REPORT_EVERY = 100;

/**
 * Stands for a training: finds the line y = 3 x + 1 from noisy points by stochastic gradient descent, until `end` aborts.
 * Each step is taken from beginning to end with the parameters of its beginning.
 */
export async function train(parameters: () => Parameters, end: AbortSignal): Promise<void> {
  let slope = 0;
  let offset = 0;
  for (let step = 1; !end.aborted; step += 1) {
    const { learning_rate, batch_size } = parameters();
    let [loss, bySlope, byOffset] = [0, 0, 0];
    for (let row = 0; row < batch_size; row += 1) {
      const x = Math.random();
      const error = slope * x + offset - (3 * x + 1 + (Math.random() - 0.5) / 5);
      loss += error ** 2 / batch_size;
      bySlope += (2 * error * x) / batch_size;
      byOffset += (2 * error) / batch_size;
    }
    slope -= learning_rate * bySlope;
    offset -= learning_rate * byOffset;
    if (step % REPORT_EVERY === 0) {
      const line = `y = ${slope.toFixed(2)} x + ${offset.toFixed(2)}`;
      const rate = `learning_rate ${learning_rate}, batch_size ${batch_size}`;
      console.log(`step ${step}: ${line}, loss ${loss.toFixed(4)} (${rate})`);
    }
    await sleep(STEP_MS);
  }
}
