import { Expected } from '../../src/inference/expected';
import { Turns } from '../../src/state/turns';

const QUIET_MS = 500;
const NEVER = new AbortController().signal;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Works that note when they begin and end when they are told to. */
function scene() {
  const turns = new Turns(QUIET_MS);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => () => {
    begun.push(name);
    const end = new Expected<string>();
    ends.set(name, () => {
      end.resolve(name);
    });
    return end.promise;
  };
  const pass = (ms = 0) => jest.advanceTimersByTimeAsync(ms);
  const end = (name: string) => {
    ends.get(name)?.();
    return pass();
  };
  return { turns, begun, work, end, pass };
}

test('works run together, and one that has to be alone begins a while after the last of them', async () => {
  const { turns, begun, work, end, pass } = scene();
  const alone = turns.alone(work('alone'), NEVER);
  const first = turns.together(work('first'), NEVER);
  await pass(QUIET_MS - 1);
  const second = turns.together(work('second'), NEVER);
  await end('first');
  await pass(10 * QUIET_MS);
  await end('second');
  await pass(QUIET_MS - 1);
  expect(begun).toEqual(['first', 'second']);
  await pass(1);
  expect(begun).toEqual(['first', 'second', 'alone']);
  await end('alone');
  expect(await Promise.all([first, second, alone])).toEqual(['first', 'second', 'alone']);
});

test('while one is alone nothing else begins; those that wait for it do afterwards, one alone at a time', async () => {
  const { turns, begun, work, end, pass } = scene();
  void turns.alone(work('one'), NEVER);
  void turns.alone(work('two'), NEVER);
  await pass(QUIET_MS);
  void turns.together(work('other'), NEVER);
  await pass(10 * QUIET_MS);
  expect(begun).toEqual(['one']);
  await end('one');
  await pass(10 * QUIET_MS);
  expect(begun).toEqual(['one', 'other']);
  await end('other');
  await pass(QUIET_MS);
  expect(begun).toEqual(['one', 'other', 'two']);
});

test('a work that throws gives its turn back', async () => {
  const { turns, begun, work, pass } = scene();
  const fails = () => Promise.reject(new Error('no'));
  await expect(turns.together(fails, NEVER)).rejects.toThrow('no');
  const alone = expect(turns.alone(fails, NEVER)).rejects.toThrow('no');
  await pass(QUIET_MS);
  await alone;
  void turns.together(work('next'), NEVER);
  await pass();
  expect(begun).toEqual(['next']);
});

test.each(['alone', 'together'] as const)('a work that waits to run %s need not', async (how) => {
  const { turns, begun, work, end, pass } = scene();
  void turns.alone(work('first'), NEVER);
  await pass(QUIET_MS);
  const unwanted = new AbortController();
  const waiting = expect(turns[how](work('never'), unwanted.signal)).rejects.toThrow('unwanted');
  unwanted.abort(new Error('unwanted'));
  await waiting;
  await expect(turns[how](work('never'), unwanted.signal)).rejects.toThrow('unwanted');
  await end('first');
  await pass(10 * QUIET_MS);
  expect(begun).toEqual(['first']);
});
