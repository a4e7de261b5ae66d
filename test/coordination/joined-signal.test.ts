import { getEventListeners } from 'node:events';
import { JoinedSignal } from '../../src/coordination/joined-signal';

it('aborts with the first of its signals, for its reason', () => {
  const [first, second] = [new AbortController(), new AbortController()];
  using joined = new JoinedSignal(first.signal, undefined, second.signal);
  expect(joined.signal.aborted).toBe(false);
  second.abort('second');
  first.abort('first');
  expect(joined.signal.reason).toBe('second');
});

it('is aborted from the start when one of them is', () => {
  using joined = new JoinedSignal(new AbortController().signal, AbortSignal.abort('already'));
  expect(joined.signal.reason).toBe('already');
});

it('leaves nothing behind, and aborts no more, when it is disposed of', () => {
  const source = new AbortController();
  const joined = new JoinedSignal(source.signal);
  expect(getEventListeners(source.signal, 'abort')).toHaveLength(1);
  joined[Symbol.dispose]();
  expect(getEventListeners(source.signal, 'abort')).toHaveLength(0);
  source.abort();
  expect(joined.signal.aborted).toBe(false);
});
