import { ModelError } from '../../src/errors';
import { ObservedState } from '../../src/handlers/observed-state';
import { Readiness } from '../../src/handlers/readiness';

const SERVING = { version: '1', mzxid: '0000000000000001', sha256: 'ab' };
const TIMES = { fetch: 0, load: 0, warm: 0, swap: 0 };

function rig(strict: boolean) {
  const observed: ObservedState[] = [];
  // Readiness reads no more of a served model than what was observed of it.
  const readiness = new Readiness({ all: () => observed.map((one) => ({ observed: one })) }, strict);
  const add = (mayFallBack = false): ObservedState => {
    const one = new ObservedState('one', mayFallBack);
    observed.push(one);
    return one;
  };
  return { readiness, add };
}

test('not ready before the desired state was read, then once every model serves or has failed', () => {
  const { readiness, add } = rig(false);
  expect(readiness.ready).toBe(false);
  const [first, second] = [add(), add()];
  readiness.followed();
  expect(readiness.ready).toBe(false);
  first.serves(SERVING, TIMES);
  expect(readiness.ready).toBe(false);
  second.failed(new ModelError('NOT_FOUND', 'no such file'));
  expect(readiness.ready).toBe(true);
});

test('a model that has failed keeps it unready while the last good version may yet serve', () => {
  for (const lastGood of ['serves', 'cannot be served']) {
    const { readiness, add } = rig(false);
    readiness.followed();
    const one = add(true);
    one.failed(new ModelError('NOT_FOUND', 'no such file'));
    expect(readiness.ready).toBe(false);
    if (lastGood === 'serves') one.holds(SERVING, ['1'], undefined);
    else one.fellBack();
    expect(readiness.ready).toBe(true);
  }
});

test('a model that is added later does not take the replica out again', () => {
  const { readiness, add } = rig(false);
  readiness.followed();
  expect(readiness.ready).toBe(true);
  add();
  expect(readiness.ready).toBe(true);
});

test('strict: any model that serves nothing keeps it unready, at any time', () => {
  const { readiness, add } = rig(true);
  readiness.followed();
  expect(readiness.ready).toBe(true);
  const one = add();
  one.failed(new ModelError('NOT_FOUND', 'no such file'));
  expect(readiness.ready).toBe(false);
  one.serves(SERVING, TIMES);
  expect(readiness.ready).toBe(true);
});
