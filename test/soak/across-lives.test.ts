import type { Span } from '../../bench/checked-load';
import { type GoodModel, NOTHING_GOOD } from '../../src/state/last-good';
import type { Life } from '../support/life';
import { wentBackAcrossLives } from './across-lives';

const zxid = (number: number): string => number.toString(16).padStart(16, '0');
/** Of one model, `iris`, and times in seconds. */
interface Told {
  readonly found?: number;
  readonly left: number;
  readonly config?: readonly [found: number, left: number];
  /** Promotions, with the times of the first and the last answer under each. */
  readonly answered?: readonly (readonly [zxid: number, first: number, last: number])[];
  readonly configs?: readonly number[];
  readonly ended?: readonly ['SIGTERM' | 'SIGKILL', number];
  readonly connected?: number;
  readonly registered?: number;
  readonly stale?: readonly (readonly [at: number, stale: boolean])[];
}

function life(told: Told): Life {
  const { config = [1, 1] } = told;
  const disk = (version: number | undefined, of: number) => {
    const good: GoodModel = {
      ...{ model: 'iris', version: '1', mzxid: zxid(version ?? 0), sha256: '' },
      config: { text: '{}', mzxid: zxid(of) },
    };
    return { ...NOTHING_GOOD, models: version === undefined ? [] : [good] };
  };
  const promotion = new Map<string, Span>(
    (told.answered ?? []).map(([of, first, last]) => [zxid(of), { first: first * 1000, last: last * 1000 }]),
  );
  const configs = new Map<string, Span>((told.configs ?? []).map((of) => [zxid(of), { first: 0, last: 0 }]));
  const none = { requests: 0, failed: 0, failures: [], lost: 0, wentBack: 0, mixed: 0 };
  const load = { ...none, byVersion: {}, byPromotion: new Map(), latenciesMs: [] };
  const [signal, end] = told.ended ?? ['SIGKILL', 100];
  return {
    loads: { iris: { ...load, spans: { promotion, config: configs } } },
    health: (told.stale ?? []).map(([at, stale]) => ({ at: at * 1000, stale })),
    ...{ unready: [], missedChanges: 0, endedByItself: undefined },
    end: { signal, at: end * 1000 },
    disk: { found: disk(told.found, config[0]), left: disk(told.left, config[1]) },
    connectedAt: (told.connected ?? 0) * 1000,
    registeredAt: (told.registered ?? 0) * 1000,
  };
}

const judged = (lives: readonly Told[], missing: readonly [zxid: number, when: number][] = []) =>
  wentBackAcrossLives(
    lives.map(life),
    'iris',
    missing.map(([of, when]) => ({ zxid: zxid(of), version: 'missing', when: when * 1000 })),
  );

const FIRST: Told = { left: 5, answered: [[5, 1, 100]] };

test('a life that goes on from what the former one left', () => {
  expect(judged([FIRST, { found: 5, left: 7, answered: [[5, 101, 110], [7, 110, 200]], ended: ['SIGTERM', 200] }])).toEqual([]); // prettier-ignore
});

test('the disk goes back, or loses the model or the config', () => {
  expect(judged([FIRST, { found: 5, left: 4 }])).toEqual([
    expect.stringMatching(/^life 2: the disk had promotion/),
  ]);
  const gone = {
    ...life({ found: 5, left: 5 }),
    disk: { ...life({ found: 5, left: 5 }).disk, left: NOTHING_GOOD },
  };
  expect(wentBackAcrossLives([gone], 'iris', [])).toHaveLength(2);
  expect(judged([{ found: 5, left: 5, config: [3, 2] }])).toEqual([
    expect.stringMatching(/had config 0*3 of iris and has 0*2 /),
  ]);
});

test('answers from behind the disk', () => {
  expect(judged([{ found: 5, left: 5, answered: [[4, 1, 2]] }])).toEqual([
    expect.stringMatching(/answered iris under promotion 0*4, and 0*5 was on disk/),
  ]);
  expect(judged([{ found: 5, left: 5, config: [3, 3], configs: [2] }])).toHaveLength(1);
});

test('what was answered is on disk at the end, but for the last moments of one that was killed', () => {
  const late: Told = { left: 5, answered: [[5, 1, 100], [6, 96, 100]] }; // prettier-ignore
  expect(judged([late])).toEqual([]);
  expect(judged([{ ...late, ended: ['SIGTERM', 100] }])).toHaveLength(1);
  expect(judged([{ left: 5, answered: [[6, 94, 100]] }])).toHaveLength(1);
  expect(judged([{ left: 5, answered: [[6, 94, 100]], registered: 98 }])).toEqual([]);
});

test('behind the former life: while it has no connection, and for a while afterwards', () => {
  const former: Told = { left: 5, answered: [[6, 98, 100]] };
  const back = (last: number, more: Partial<Told> = {}) =>
    judged([former, { found: 5, left: 5, answered: [[5, 110, last]], connected: 120, ended: ['SIGKILL', 300], ...more }]); // prettier-ignore
  expect(back(139)).toEqual([]);
  expect(back(141)).toEqual([
    expect.stringMatching(/still answered iris under 0*5 long after .*, after 0*6$/),
  ]);
  // The connection broke meanwhile.
  expect(back(141, { stale: [[130, true]] })).toEqual([]);
});

test('behind the former life, since what is promoted is not there', () => {
  const lives: Told[] = [
    { left: 5, answered: [[6, 98, 100]] },
    { found: 5, left: 5, answered: [[5, 110, 200]], connected: 120, ended: ['SIGKILL', 300] },
  ];
  expect(judged(lives, [[7, 105]])).toEqual([]);
  expect(judged(lives, [[7, 205]])).toHaveLength(1);
});

test('not marked as stale without ZooKeeper', () => {
  expect(judged([{ left: 5, connected: 20, stale: [[10, true], [19, true], [21, false]] }])).toEqual([]); // prettier-ignore
  expect(judged([{ left: 5, connected: 20, stale: [[10, false]] }])).toEqual([
    'life 1: not marked as stale 1 times, without ZooKeeper',
  ]);
});
