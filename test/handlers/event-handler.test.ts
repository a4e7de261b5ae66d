import { Subject, throwError } from 'rxjs';
import { declareHandler, startHandler } from '../../src/handlers/event-handler';
import { logged } from '../support/logged';

/** A run that ends when it is told to. */
interface Run {
  readonly event: string;
  readonly signal: AbortSignal;
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

function rig() {
  const events$ = new Subject<string>();
  const runs: Run[] = [];
  const noted: string[] = [];
  const { lines, log } = logged();
  const handler = declareHandler<null, string>({
    name: 'under-test',
    trigger: { kind: 'znode', events$: () => events$ },
    note: (event) => noted.push(event),
    run: (event, _, signal) =>
      new Promise((resolve, reject) => {
        runs.push({ event, signal, end: resolve, fail: reject });
      }),
  });
  return { events$, runs, noted, lines, running: startHandler(handler, null, log) };
}

/** Lets every promise that is ready settle. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('one run at a time, and of what arrives meanwhile only the newest', async () => {
  const { events$, runs, noted } = rig();
  for (const event of ['a', 'b', 'c', 'd']) events$.next(event);
  expect(runs.map(({ event }) => event)).toEqual(['a']);
  expect(noted).toEqual(['a', 'b', 'c', 'd']);
  runs[0]!.end();
  await settled();
  expect(runs.map(({ event }) => event)).toEqual(['a', 'd']);
});

test('a run that a newer event has overtaken is told, the newest is not', async () => {
  const { events$, runs } = rig();
  events$.next('a');
  expect(runs[0]!.signal.aborted).toBe(false);
  events$.next('b');
  expect(runs[0]!.signal.aborted).toBe(true);
  runs[0]!.end();
  await settled();
  expect(runs[1]!.signal.aborted).toBe(false);
});

test('a run that throws is logged and stops nothing', async () => {
  const { events$, runs, lines } = rig();
  events$.next('a');
  runs[0]!.fail(new Error('broken on purpose'));
  await settled();
  expect(lines).toEqual([
    {
      level: 'error',
      handler: 'under-test',
      trigger: 'znode',
      error: 'broken on purpose',
      msg: 'under-test failed',
    },
  ]);
  events$.next('b');
  expect(runs.map(({ event }) => event)).toEqual(['a', 'b']);
});

test('stop aborts the run under way, waits for it and takes no more events', async () => {
  const { events$, runs, running } = rig();
  events$.next('a');
  let stopped = false;
  const stopping = running.stop().then(() => (stopped = true));
  expect(runs[0]!.signal.aborted).toBe(true);
  await settled();
  expect(stopped).toBe(false);
  events$.next('b');
  runs[0]!.end();
  await stopping;
  expect(runs).toHaveLength(1);
  await running.stop();
});

test('a trigger that fails is logged', () => {
  const { lines, log } = logged();
  const handler = declareHandler<null, string>({
    name: 'under-test',
    trigger: { kind: 'state', events$: () => throwError(() => new Error('no rights')) },
    run: () => Promise.resolve(),
  });
  startHandler(handler, null, log);
  expect(lines).toMatchObject([
    {
      trigger: 'state',
      error: 'no rights',
      msg: 'under-test lost its trigger and follows nothing from here on',
    },
  ]);
});
