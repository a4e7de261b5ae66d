import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { config, map, NEVER, of, Subject, take, throwError, type Observable } from 'rxjs';
import { harmless } from '../../src/streams/harmless';
import { eventually } from '../support/eventually';
import { logged } from '../support/logged';
import { PROJECT_ROOT } from '../support/serve-process';
import { openThroughProxy } from '../support/session-through-proxy';
import { dataTold, namesTold } from '../support/told';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

/** What RxJS would have thrown out of a timer. */
const unhandled: unknown[] = [];
let zookeeper: TestZooKeeper;

beforeAll(async () => {
  config.onUnhandledError = (error) => unhandled.push(error);
  zookeeper = await startTestZooKeeper();
});
afterEach(() => {
  expect(unhandled).toEqual([]);
});
afterAll(async () => {
  config.onUnhandledError = null;
  await zookeeper[Symbol.asyncDispose]();
});

const BAD = new Error('a bad subscriber');
const fail = (): never => {
  throw BAD;
};
const WRONG = new Error('wrong');
const THREW = { level: 'error', msg: 'a subscriber threw', err: { message: 'a bad subscriber' } };
const UNHANDLED = { ...THREW, msg: 'an error that a subscriber does not handle' };

it('a subscriber that throws harms neither the others nor the session, and is logged', async () => {
  const { log, lines } = logged();
  await using through = await openThroughProxy(zookeeper, { log });
  const { session, proxy } = through;
  const errors = () => lines.filter(({ level }) => level === 'error');
  await session.create('/a', Buffer.from('1'));
  const bad$: readonly Observable<unknown>[] = [
    session.watchData('/a'),
    session.watchChildren('/a'),
    session.watchFreshness('data', '/a'),
    session.state$,
    session.watchData('/a').pipe(map(({ node }) => node?.data.toString())),
  ];
  for (const each$ of bad$) each$.subscribe(fail);
  using data = dataTold(session, '/a');
  using children = namesTold(session, '/a');
  await eventually(() => data.seen.length === 1 && children.seen.length === 1);
  await eventually(() => errors().length >= bad$.length);

  const before = errors().length;
  await session.set('/a', Buffer.from('2'));
  await session.create('/a/b');
  await eventually(() => data.seen.at(-1) === '2' && children.seen.at(-1) === 'b');
  // They stay subscribed.
  await eventually(
    () => errors().length,
    (n) => n >= before + 3,
  );
  proxy.cut();
  await eventually(() => through.names.length === 4);
  await session.set('/a', Buffer.from('3'));
  await eventually(() => data.seen.at(-1) === '3');
  expect(through.names).toEqual(['CONNECTING', 'CONNECTED', 'SUSPENDED', 'CONNECTED']);
  for (const line of errors()) expect(line).toMatchObject(THREW);
});

it('without a log it is a warning of the process, which goes on', async () => {
  const script = `
    const { map } = require(${JSON.stringify(require.resolve('rxjs'))});
    const { openSession } = require(${JSON.stringify(join(PROJECT_ROOT, 'dist/src/streams/public.js'))});
    const session = openSession({ connectString: ${JSON.stringify(zookeeper.connectString)}, sessionTimeoutMs: 2000 });
    session.state$.subscribe(({ name }) => { if (name === 'CONNECTED') throw new Error('of the state'); });
    session.watchData('/').subscribe(() => { throw new Error('of the data'); });
    session.watchData('/').pipe(map(() => { throw 'of an operator'; })).subscribe();
    session.connected()
      .then(() => new Promise((resolve) => session.watchChildren('/').subscribe(resolve)))
      .then(() => session[Symbol.asyncDispose]())
      .then(() => console.log('goes on'));`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', script], { timeout: 30_000 });
  expect(stdout).toBe('goes on\n');
  expect(stderr).toMatch(
    /UnhandledErrorWarning: a subscriber threw: of the state\n *Error: of the state\n +at /,
  );
  expect(stderr).toMatch(/UnhandledErrorWarning: a subscriber threw: of the data\n/);
  expect(stderr).toMatch(
    /UnhandledErrorWarning: an error that a subscriber does not handle: of an operator\n/,
  );
});

describe('an observable made harmless', () => {
  const { log, lines } = logged();

  it.each([
    ['next throws', () => harmless(of(1), log).subscribe(fail), THREW],
    ['next of an observer throws', () => harmless(of(1), log).subscribe({ next: fail }), THREW],
    ['complete throws', () => harmless(of(1), log).subscribe({ complete: fail }), THREW],
    [
      'error throws',
      () =>
        harmless(
          throwError(() => BAD),
          log,
        ).subscribe({ next: () => undefined, error: fail }),
      THREW,
    ],
    [
      'an error that nobody handles',
      () =>
        harmless(
          throwError(() => BAD),
          log,
        ).subscribe(),
      UNHANDLED,
    ],
    ['an operator that throws', () => harmless(of(1), log).pipe(map(fail), take(1)).subscribe(), UNHANDLED],
  ])('reports: %s', (_, subscribe, line) => {
    const before = lines.length;
    subscribe();
    expect(lines.slice(before)).toMatchObject([line]);
  });
  it('reports what an async subscriber rejects with', async () => {
    const before = lines.length;
    const asyncNext = (): unknown => Promise.reject(BAD);
    harmless(of(1, 2), log).subscribe(asyncNext);
    await eventually(() => lines.length === before + 2);
    expect(lines.slice(before)).toMatchObject([THREW, THREW]);
  });

  it('tells its observers all, as what they are', () => {
    const told: unknown[] = [];
    class Observer {
      readonly #told = told;
      next(value: number): void {
        this.#told.push(value);
      }
      error(error: unknown): void {
        this.#told.push(error);
      }
    }
    harmless(of(1, 2), log).subscribe(new Observer());
    harmless(
      throwError(() => WRONG),
      log,
    ).subscribe(new Observer());
    const subject$ = new Subject<number>();
    subject$.subscribe({ next: (value) => told.push(value), complete: () => told.push('complete') });
    harmless(of(3), log).subscribe(subject$);
    expect(told).toEqual([1, 2, WRONG, 3, 'complete']);
  });

  it('is let go of by those who end, by themselves and by operators', () => {
    const source$ = new Subject<number>();
    const guarded$ = harmless(source$, log);
    const subscription = guarded$.subscribe();
    guarded$.pipe(take(1)).subscribe();
    expect(source$.observed).toBe(true);
    source$.next(1);
    expect(source$.observed).toBe(true);
    subscription.unsubscribe();
    expect(source$.observed).toBe(false);
    harmless(NEVER, log).pipe().subscribe().unsubscribe();
  });
});
