import { ModelError } from '../../src/errors';
import { ObservedState } from '../../src/handlers/observed-state';

const SERVING = { version: '1', mzxid: '0000000000000001', sha256: 'ab' };
const NO_LOAD = { fetch: 0, load: 12.3456, warm: 0, swap: 0.04 };

function serving(): ObservedState {
  const observed = new ObservedState('one');
  observed.wants({ version: '1', mzxid: SERVING.mzxid }, 3);
  observed.serves(SERVING, NO_LOAD);
  return observed;
}

test('a desired version is FETCHING, then SERVING with times to a tenth of a millisecond', () => {
  const observed = new ObservedState('one');
  expect(observed.record).toMatchObject({ replica: 'one', desired: null, serving: null, phase: 'STANDBY' });
  observed.wants({ version: '1', mzxid: SERVING.mzxid }, 3);
  expect(observed.record).toMatchObject({ desired: { version: '1' }, serving: null, phase: 'FETCHING' });
  observed.entered('WARMING');
  expect(observed.record.phase).toBe('WARMING');
  observed.serves(SERVING, NO_LOAD);
  expect(observed.record).toMatchObject({
    serving: SERVING,
    phase: 'SERVING',
    error: null,
    ms: { notify: 3, fetch: 0, load: 12.3, warm: 0, swap: 0 },
  });
});

test('FAILED speaks of the desired version while the older one serves', () => {
  const observed = serving();
  observed.wants({ version: '2', mzxid: '0000000000000002' }, 1);
  observed.failed(new ModelError('NOT_FOUND', 'no such file'));
  expect(observed.record).toMatchObject({
    desired: { version: '2' },
    serving: { version: '1' },
    phase: 'FAILED',
    error: { code: 'NOT_FOUND', message: 'no such file', retryable: false },
  });
});

test('a missing version znode leaves what serves serving', () => {
  const observed = serving();
  observed.desiredMissing(new ModelError('DESIRED_MISSING', 'gone'));
  expect(observed.record).toMatchObject({
    desired: null,
    serving: { version: '1' },
    phase: 'SERVING',
    error: { code: 'DESIRED_MISSING' },
  });
  expect(new ObservedState('one').record.error).toBeNull();
});

test('a worker that died is FAILED until it answers again, and hides no error of the desired version', () => {
  const observed = serving();
  const fault = new ModelError('CRASHED_WHILE_LOADING', 'the worker ended', true);
  observed.holds(null, [], fault);
  expect(observed.record).toMatchObject({
    serving: null,
    phase: 'FAILED',
    error: { message: 'the worker ended' },
  });
  observed.holds(SERVING, ['1'], undefined);
  expect(observed.record).toMatchObject({ serving: SERVING, resident: ['1'], phase: 'SERVING', error: null });
  observed.failed(new ModelError('BAD_MODEL', 'the desired one is broken'));
  observed.holds(null, [], fault);
  expect(observed.record.error?.code).toBe('BAD_MODEL');
});

test('workers that what serves lacks are told of, and no others', () => {
  const observed = serving();
  observed.holds(SERVING, ['1'], undefined, { wanted: 2, alive: 1 });
  expect(observed.record).toMatchObject({ phase: 'SERVING', error: null, workers: { wanted: 2, alive: 1 } });
  observed.entered('LOADING');
  expect(observed.record.workers).toEqual({ wanted: 2, alive: 1 });
  observed.holds(SERVING, ['1'], undefined, { wanted: 2, alive: 2 });
  expect(observed.record).not.toHaveProperty('workers');
});

test('a version znode that cannot be read is FAILED and stale until it can, with what was before', () => {
  const observed = serving();
  const refused = new ModelError('FETCH_FAILED', 'not allowed', true);
  observed.unreadable('version', refused);
  expect(observed.record).toMatchObject({
    serving: SERVING,
    stale: true,
    phase: 'FAILED',
    error: { code: 'FETCH_FAILED', message: 'not allowed', retryable: true },
  });
  observed.unreadable('version', undefined);
  expect(observed.record).toMatchObject({ serving: SERVING, phase: 'SERVING', error: null });
  expect(observed.record.stale).toBeUndefined();
  const fresh = new ObservedState('one');
  expect(fresh.settled).toBe(false);
  fresh.unreadable('version', refused);
  expect(fresh.settled).toBe(true);
  expect(fresh.record.stale).toBeUndefined();
});

test.each(['config', 'models'] as const)(
  '%s that cannot be read are told of when all else is well',
  (znode) => {
    const observed = serving();
    observed.unreadable(znode, new ModelError('FETCH_FAILED', 'not allowed', true));
    expect(observed.record).toMatchObject({ phase: 'SERVING', error: { code: 'FETCH_FAILED' } });
    observed.wants({ version: '2', mzxid: '0000000000000002' }, 1);
    observed.failed(new ModelError('NOT_FOUND', 'no such file'));
    expect(observed.record).toMatchObject({ phase: 'FAILED', error: { code: 'NOT_FOUND' } });
    observed.wants({ version: '1', mzxid: '0000000000000003' }, 1);
    observed.serves(SERVING, NO_LOAD);
    observed.unreadable(znode, undefined);
    expect(observed.record).toMatchObject({ phase: 'SERVING', error: null });
  },
);
