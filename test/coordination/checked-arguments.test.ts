import * as recipes from '../../src/coordination/public';
import { ZooKeeperError } from '../../src/errors';
import { openSession, type ZooKeeperSession } from '../../src/streams/session';

// No server is needed to see that these cannot be right, and none is waited for.
let session: ZooKeeperSession;
beforeAll(() => {
  session = openSession({ connectString: '127.0.0.1:1', sessionTimeoutMs: 2000 });
});
afterAll(() => session[Symbol.asyncDispose]());

/** Each is called with arguments that are right but for what a case puts in their place, as JavaScript may. */
type Recipes = Record<string, (...given: unknown[]) => unknown>;
const { acquireLock, exclusively, startCandidacy, watchLeader, enterBarrier, joinGroup, watchMembers } =
  recipes as unknown as Recipes;
const { consume, readDeadLetters, requeueDeadLetter, discardDeadLetter, startClock } =
  recipes as unknown as Recipes;
const { WorkQueue, Counter } = recipes as unknown as Record<
  string,
  new (...given: unknown[]) => Record<string, (...given: unknown[]) => unknown>
>;

const PATH = /^(directory|path) is .*; it has to be the path of a znode, such as \/recipes\/one: /;
const SIGNAL = /^signal is .*; it has to be an AbortSignal, such as controller\.signal or /;
const OPTIONS = /^options is AbortSignal .*; it has to be an object, such as \{ signal \}$/;
const DATA = /^data is 'text'; it has to be a Uint8Array, such as Buffer\.from\(text\)$/;
const SESSION = /^session is '127\.0\.0\.1:2181'; it has to be a session of openSession$/;
const FROM_1 = (name: string) =>
  new RegExp(`^${name} is .*; it has to be a whole number from 1 to 2147483647$`);
const MS = (name: string) =>
  new RegExp(`^${name} is .*; it has to be a number of milliseconds from 0 to 2147483647$`);

const task = () => Promise.resolve();
const queue = () => new WorkQueue!(session, '/q');
const counter = () => new Counter!(session, '/c');
const wrongSession = '127.0.0.1:2181';
const controller = new AbortController();
const { signal } = controller;

/** Calls with nothing wrong but the session, the znode and the options, by the name of the function. */
const COMMON: Record<string, (session: unknown, directory: unknown, options: unknown) => unknown> = {
  acquireLock: (s, d, o) => acquireLock!(s, d, o),
  exclusively: (s, d, o) => exclusively!(s, d, task, o),
  enterBarrier: (s, d, o) => enterBarrier!(s, d, 2, o),
  joinGroup: (s, d, o) => joinGroup!(s, d, 'ann', o),
  requeueDeadLetter: (s, d, o) => requeueDeadLetter!(s, d, { id: 'one', data: Buffer.of() }, o),
  discardDeadLetter: (s, d, o) => discardDeadLetter!(s, d, { id: 'one' }, o),
  startClock: (s, d, o) => startClock!(s, d, o),
  'WorkQueue.put': (s, d, o) => new WorkQueue!(s, d)['put']!(Buffer.of(), o),
  'WorkQueue.claim': (s, d, o) => new WorkQueue!(s, d)['claim']!(o),
  consume: (s, d, o) => consume!(new WorkQueue!(s, d), task, o),
  'Counter.value': (s, d, o) => new Counter!(s, d)['value']!(o),
  'Counter.add': (s, d, o) => new Counter!(s, d)['add']!(1n, o),
  'Counter.exchange': (s, d, o) => new Counter!(s, d)['exchange']!(1n, o),
};
const WITHOUT_SIGNAL: Record<string, (session: unknown, directory: unknown) => unknown> = {
  startCandidacy: (s, d) => startCandidacy!(s, d),
  watchLeader: (s, d) => watchLeader!(s, d),
  watchMembers: (s, d) => watchMembers!(s, d),
  readDeadLetters: (s, d) => readDeadLetters!(s, d),
};

async function refusal(call: () => unknown): Promise<unknown> {
  try {
    await call();
    return 'nothing';
  } catch (error) {
    return error;
  }
}

async function expectRefused(call: () => unknown, words: RegExp): Promise<void> {
  const error = await refusal(call);
  expect(error).toBeInstanceOf(ZooKeeperError);
  expect(error).toMatchObject({
    code: 'BAD_ARGUMENTS',
    message: expect.stringMatching(words) as string,
    outcome: { mayHaveHappened: false, retryable: false },
  });
}

describe.each(Object.entries({ ...COMMON, ...WITHOUT_SIGNAL }))('%s refuses', (_, call) => {
  test('what is no session', () => expectRefused(() => call(wrongSession, '/a', {}), SESSION));

  test.each([['no/slash'], ['/a/'], ['/a//b'], ['/../a'], [''], ['/'], [undefined], [null], [7]])(
    'the znode %p',
    (path) => expectRefused(() => call(session, path, {}), PATH),
  );
});

describe.each(Object.entries(COMMON))('%s refuses', (_, call) => {
  test.each([[controller], [1000], [null], [{ aborted: false }]])('%p for a signal', (bad) =>
    expectRefused(() => call(session, '/a', { signal: bad }), SIGNAL),
  );

  test('a signal in place of the options', () => expectRefused(() => call(session, '/a', signal), OPTIONS));
});

type Case = [recipe: string, words: RegExp, call: () => unknown];

const cases: Case[] = [
  ['acquireLock', DATA, () => acquireLock!(session, '/a', { data: 'text' })],
  ['exclusively', DATA, () => exclusively!(session, '/a', task, { data: 'text' })],
  ['exclusively', /^task is undefined; .* a function$/, () => exclusively!(session, '/a')],
  ['startCandidacy', DATA, () => startCandidacy!(session, '/a', { data: 'text' })],
  ['enterBarrier', DATA, () => enterBarrier!(session, '/a', 2, { data: 'text' })],
  ...[0, -1, 1.5, NaN, Infinity, 2 ** 31, '2', 2n, undefined].map((size): Case => [
    'enterBarrier',
    FROM_1('size'),
    () => enterBarrier!(session, '/a', size),
  ]),
  ['joinGroup', DATA, () => joinGroup!(session, '/a', 'ann', { data: 'text' })],
  ...['a/b', '', '.', '..', 'a\u0000', 7, undefined].map((name): Case => [
    'joinGroup',
    /^name is .*; it has to be the name of a znode: /,
    () => joinGroup!(session, '/a', name),
  ]),
  ...[0, -1, 1.5, NaN, Infinity, 2 ** 31, '5', null].map((maxAttempts): Case => [
    'WorkQueue',
    FROM_1('maxAttempts'),
    () => new WorkQueue!(session, '/a', { maxAttempts }),
  ]),
  ['WorkQueue.put', DATA, () => queue()['put']!('text')],
  [
    'WorkQueue.put',
    /^the length of data is 524289; it has to be 524288 at the most$/,
    () => queue()['put']!(Buffer.alloc(recipes.MAX_ITEM_BYTES + 1)),
  ],
  ['consume', /^queue is '\/a'; it has to be a WorkQueue$/, () => consume!('/a', task)],
  ['consume', /^work is \{\}; it has to be a function$/, () => consume!(queue(), {})],
  ...[-1, NaN, Infinity, 2 ** 31, '1'].map((retryAfterMs): Case => [
    'consume',
    MS('retryAfterMs'),
    () => consume!(queue(), task, { retryAfterMs }),
  ]),
  ['requeueDeadLetter', DATA, () => requeueDeadLetter!(session, '/a', { id: 'one', data: 'text' })],
  ['requeueDeadLetter', /^id is 'a\/b'; .*slash$/, () => requeueDeadLetter!(session, '/a', { id: 'a/b' })],
  ['discardDeadLetter', /^id is ''; .*: it is empty$/, () => discardDeadLetter!(session, '/a', { id: '' })],
  ...[1, '1', undefined].map((delta): Case => [
    'Counter.add',
    /^delta is .*; it has to be a bigint, such as 1n$/,
    () => counter()['add']!(delta),
  ]),
  ...[1, 2n ** 63n, -(2n ** 63n) - 1n, undefined].map((count): Case => [
    'Counter.exchange',
    /^count is .*; .* a bigint of 64 bits/,
    () => counter()['exchange']!(count),
  ]),
  ...[0, -1, 1.5, NaN, Infinity, '8'].map((samples): Case => [
    'startClock',
    FROM_1('samples'),
    () => startClock!(session, '/a', { samples }),
  ]),
  ...[-1, NaN, Infinity, 2 ** 31, '8'].map((everyMs): Case => [
    'startClock',
    MS('everyMs'),
    () => startClock!(session, '/a', { everyMs }),
  ]),
  ...[-1, NaN, 1_000_001, '500'].map((driftPpm): Case => [
    'startClock',
    /^driftPpm is .*; it has to be a number of millionths from 0 to 1000000$/,
    () => startClock!(session, '/a', { driftPpm }),
  ]),
];

test.each(cases)('%s refuses: %p', (_, words, call) => expectRefused(call, words));

test.each([
  [{ text: 'x'.repeat(10_000), deep: { a: [1] } }],
  [Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`key${n}`, n]))],
  ['line\n'.repeat(1000)],
  [new Error('with its stack')],
])('what is shown of a value is short, and on one line', async (data) => {
  const { message } = (await refusal(() => acquireLock!(session, '/a', { data }))) as Error;
  expect(message).toMatch(/^data is .*; it has to be a Uint8Array/);
  expect(message.length).toBeLessThan(300);
});
