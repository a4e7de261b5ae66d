import { giveBack } from '../../../src/inference/worker/give-back';

test('a large buffer is detached at once', () => {
  const bytes = Buffer.alloc(1024 * 1024, 1);
  giveBack(bytes);
  expect(bytes.byteLength).toBe(0);
});

test('a buffer that shares its memory with others is left alone', () => {
  const pooled = Buffer.from('a few bytes');
  const part = Buffer.alloc(1024 * 1024, 1).subarray(1);
  for (const bytes of [pooled, part]) giveBack(bytes);
  expect([pooled.toString(), part.byteLength]).toEqual(['a few bytes', 1024 * 1024 - 1]);
});
