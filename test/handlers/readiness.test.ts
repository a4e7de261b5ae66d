import { ModelError } from '../../src/errors';
import { ObservedState } from '../../src/handlers/observed-state';
import { Readiness } from '../../src/handlers/readiness';
import type { ZooKeeperSession } from '../../src/streams/session';

const SERVING = { version: '1', mzxid: '0000000000000001', sha256: 'ab' };
const TIMES = { fetch: 0, load: 0, warm: 0, swap: 0 };

function rig(strict: boolean) {
  const models: { model: string; observed: ObservedState; store: { remembers: () => boolean } }[] = [];
  const session: Pick<ZooKeeperSession, 'state' | 'lastFailure'> = {
    state: { name: 'CONNECTED', epoch: 1, sessionId: '1' },
    lastFailure: undefined,
  };
  const readiness = new Readiness({ all: () => models }, strict, session);
  const onDisk = { all: true };
  const add = (mayFallBack = false): ObservedState => {
    const observed = new ObservedState('one', mayFallBack);
    models.push({ model: `m${models.length + 1}`, observed, store: { remembers: () => onDisk.all } });
    return observed;
  };
  return { readiness, add, session, onDisk };
}

test('not ready before the desired state was read, then once every model serves or has failed', () => {
  const { readiness, add } = rig(false);
  expect(readiness.unready).toBeDefined();
  const [first, second] = [add(), add()];
  readiness.followed();
  expect(readiness.unready).toBeDefined();
  first.serves(SERVING, TIMES);
  expect(readiness.unready).toBeDefined();
  second.failed(new ModelError('NOT_FOUND', 'no such file'));
  expect(readiness.unready).toBeUndefined();
});

test('a model that has failed keeps it unready while the last good version may yet serve', () => {
  for (const lastGood of ['serves', 'cannot be served']) {
    const { readiness, add } = rig(false);
    readiness.followed();
    const one = add(true);
    one.failed(new ModelError('NOT_FOUND', 'no such file'));
    expect(readiness.unready).toBeDefined();
    if (lastGood === 'serves') one.holds(SERVING, ['1'], undefined);
    else one.fellBack();
    expect(readiness.unready).toBeUndefined();
  }
});

test('a model that is added later does not take the replica out again', () => {
  const { readiness, add } = rig(false);
  readiness.followed();
  expect(readiness.unready).toBeUndefined();
  add();
  expect(readiness.unready).toBeUndefined();
});

test('strict: any model that serves nothing keeps it unready, at any time', () => {
  const { readiness, add } = rig(true);
  readiness.followed();
  expect(readiness.unready).toBeUndefined();
  const one = add();
  one.failed(new ModelError('NOT_FOUND', 'no such file'));
  expect(readiness.unready).toBeDefined();
  one.serves(SERVING, TIMES);
  expect(readiness.unready).toBeUndefined();
});

test('what serves has to be on disk before it is ready for the first time', () => {
  const { readiness, add, onDisk } = rig(false);
  onDisk.all = false;
  readiness.followed();
  add().failed(new ModelError('NOT_FOUND', 'no such file'));
  add().holds(SERVING, ['1'], undefined);
  expect(readiness.unready).toBe('that model m2 serves is not yet on disk');
  onDisk.all = true;
  expect(readiness.unready).toBeUndefined();
  onDisk.all = false;
  expect(readiness.unready).toBeUndefined();
});

test('it says what it waits for', () => {
  const { readiness, add, session } = rig(true);
  Object.assign(session, { state: { name: 'CONNECTING' } });
  expect(readiness.unready).toBe('ZooKeeper is not reached: CONNECTING');
  Object.assign(session, { lastFailure: { message: 'nobody listens' } });
  expect(readiness.unready).toBe('ZooKeeper is not reached: nobody listens');
  Object.assign(session, { state: { name: 'CONNECTED' } });
  expect(readiness.unready).toMatch('not registered yet');
  readiness.awaits('the list of models');
  expect(readiness.unready).toBe('the list of models');
  const one = add();
  readiness.followed();
  one.entered('LOADING');
  expect(readiness.unready).toBe('model m1 serves nothing yet: LOADING');
  one.failed(new ModelError('NOT_FOUND', 'no such file'));
  expect(readiness.unready).toBe(
    '--strict-readiness is on, and model m1 serves nothing yet: NOT_FOUND, no such file',
  );
});
