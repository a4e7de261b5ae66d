import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { anySignal } from '../src/any-signal';
import { eventually } from './support/eventually';

setFlagsFromString('--expose-gc');
// V8 gives the function to contexts that are made after the flag was set.
const collectGarbage = runInNewContext('gc') as () => void;

test('a timeout that nobody else holds aborts, also after the garbage was collected', async () => {
  const other = new AbortController();
  const signal = anySignal([AbortSignal.timeout(200), other.signal]);
  await eventually(() => {
    collectGarbage();
    return signal.aborted;
  });
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
});

test('aborts with the first, for its reason, and at once if one has aborted already', () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const signal = anySignal([first.signal, second.signal]);
  second.abort('second');
  first.abort('first');
  expect(signal.reason).toBe('second');
  expect(anySignal([new AbortController().signal, first.signal]).reason).toBe('first');
});
