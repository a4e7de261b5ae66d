import { setImmediate } from 'node:timers/promises';
import { Pool } from 'undici';
import { errorMessage } from '../src/errors';
import { pause } from './clock';
import { type HeldOut, versionOf } from './held-out';

/** What came of a load in which every answer was held against scikit-learn's own. */
export interface CheckedLoadResult {
  readonly requests: number;
  /** Requests that got no answer, or one with another status than 200; the first few, in words. */
  readonly failed: number;
  readonly failures: readonly string[];
  /** Those that failed once the server was expected to end ({@link CheckedLoad.expectEnd}); not among the failed. */
  readonly lost: number;
  /** Answers under an older promotion, or an older config, than an answer that was there before they were asked for. */
  readonly wentBack: number;
  /** Answers whose numbers are not those of the version that they name, on one row or more. */
  readonly mixed: number;
  readonly byVersion: Readonly<Record<string, number>>;
  /** How many answers under each promotion (a zxid) named which version; more than one version would be wrong. */
  readonly byPromotion: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** When there were answers under each promotion, and under each config. */
  readonly spans: Readonly<Record<'promotion' | 'config', ReadonlyMap<string, Span>>>;
  /** Of single requests, in order of arrival. */
  readonly latenciesMs: readonly number[];
}

/** Of the first and the last of some answers, in ms since 1970. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

interface Answer {
  readonly model_version: string;
  readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[];
}

/** Where an answer says by which writes it was made; both are absent in answers that name none. */
interface Zxids {
  readonly promotion: string | undefined;
  readonly config: string | undefined;
}

const ROWS_A_REQUEST = 3;

/**
 * A closed loop of `connections` clients that send held-out rows to `url`, with `pauseMs` between an answer and the
 * next request, until `stop` is called. Each answer is checked row by row: the version that it names must be the one
 * that made every number in it. And together they are an observer for which nothing may ever go back.
 */
export class CheckedLoad {
  readonly #pool: Pool;
  readonly #fixture: HeldOut;
  readonly #pauseMs: number;
  readonly #loops: Promise<void>[];
  readonly #failures: string[] = [];
  readonly #byVersion: Record<string, number> = {};
  readonly #byPromotion = new Map<string, Map<string, number>>();
  readonly #spans = { promotion: new Map<string, Span>(), config: new Map<string, Span>() };
  readonly #latenciesMs: number[] = [];
  #awaited: { readonly zxid: string; readonly seen: () => void } | undefined;
  #stopped = false;
  #endExpected = false;
  #newest: Zxids = { promotion: undefined, config: undefined };
  #requests = 0;
  #failed = 0;
  #lost = 0;
  #mixed = 0;
  #wentBack = 0;

  constructor(url: string, fixture: HeldOut, connections: number, pauseMs = 0) {
    this.#pool = new Pool(url, { connections, pipelining: 1 });
    this.#fixture = fixture;
    this.#pauseMs = pauseMs;
    this.#loops = Array.from({ length: connections }, (_, i) => this.#client(i));
  }

  /** Answers so far, for those who wait until the load flows. */
  get answered(): number {
    return this.#latenciesMs.length;
  }

  /** Resolves when an answer under the promotion `zxid` has come; rejects after 30 s without. One waits at a time. */
  async answeredUnder(zxid: string): Promise<void> {
    if (this.#byPromotion.has(zxid)) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        const failed = this.#failures.join('; ');
        reject(new Error(`no answer under ${zxid} within 30 s; failures: ${failed || 'none'}`));
      }, 30_000);
      this.#awaited = {
        zxid,
        seen: () => {
          clearTimeout(timer);
          resolve();
        },
      };
    });
    this.#awaited = undefined;
  }

  /** Call it before the server is made to end: nothing more is sent, and what fails from now on is `lost`. */
  expectEnd(): void {
    this.#endExpected = true;
    this.#stopped = true;
  }

  /**
   * Begins nothing more, and resolves when all that was begun is on its way to the server, or over: an HTTP client looks
   * at a connection before it uses it again, and may be late to write on a busy machine. {@link stop} tells the rest.
   */
  async sendLast(): Promise<void> {
    this.#stopped = true;
    while (this.#pool.stats.pending > 0) await setImmediate();
  }

  async stop(): Promise<CheckedLoadResult> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    await this.#pool.close();
    return {
      requests: this.#requests,
      failed: this.#failed,
      failures: this.#failures,
      lost: this.#lost,
      wentBack: this.#wentBack,
      mixed: this.#mixed,
      byVersion: this.#byVersion,
      byPromotion: this.#byPromotion,
      spans: this.#spans,
      latenciesMs: this.#latenciesMs,
    };
  }

  async #client(first: number): Promise<void> {
    for (let row = first; !this.#stopped; row += 1) {
      const rows = Array.from({ length: ROWS_A_REQUEST }, (_, i) => (row + i) % this.#fixture.rows.length);
      this.#requests += 1;
      const before = this.#newest;
      const began = performance.now();
      try {
        const { statusCode, headers, body } = await this.#pool.request({
          method: 'POST',
          path: `/v2/models/${this.#fixture.model}/infer`,
          headers: { 'content-type': 'application/json' },
          body: this.#bodyOf(rows),
        });
        const text = await body.text();
        this.#latenciesMs.push(performance.now() - began);
        if (statusCode === 200) {
          this.#order(before, { promotion: zxidIn(headers, 'model'), config: zxidIn(headers, 'config') });
          this.#check(text, rows, String(headers['zooserve-model-zxid']));
        }
        if (statusCode !== 200) this.#fail(`${statusCode} ${text.slice(0, 200)}`);
      } catch (error) {
        this.#fail(errorMessage(error));
      }
      if (this.#pauseMs > 0) await pause(this.#pauseMs);
    }
  }

  #bodyOf(rows: readonly number[]): string {
    const data = rows.flatMap((row) => this.#fixture.rows[row] ?? []);
    const shape = [rows.length, data.length / rows.length];
    return JSON.stringify({ inputs: [{ name: 'input', datatype: 'FP32', shape, data }] });
  }

  #check(text: string, rows: readonly number[], zxid: string): void {
    // The answer's shape is the protocol's; a wrong one shows as a mismatch below.
    const answer = JSON.parse(text) as Answer;
    const probabilities = answer.outputs.find(({ name }) => name === 'probabilities')?.data ?? [];
    const width = probabilities.length / rows.length;
    const pure = rows.every((row, i) => {
      const own = probabilities.slice(i * width, (i + 1) * width);
      return versionOf(this.#fixture, row, own) === answer.model_version;
    });
    if (!pure) this.#mixed += 1;
    this.#byVersion[answer.model_version] = (this.#byVersion[answer.model_version] ?? 0) + 1;
    const named = this.#byPromotion.get(zxid) ?? new Map<string, number>();
    this.#byPromotion.set(zxid, named.set(answer.model_version, (named.get(answer.model_version) ?? 0) + 1));
    if (this.#awaited?.zxid === zxid) this.#awaited.seen();
  }

  /** Zxids are 16 hex digits, so that they compare as strings. */
  #order(before: Zxids, { promotion, config }: Zxids): void {
    const now = Date.now();
    for (const [spans, zxid] of [
      [this.#spans.promotion, promotion],
      [this.#spans.config, config],
    ] as const) {
      if (zxid !== undefined) spans.set(zxid, { first: spans.get(zxid)?.first ?? now, last: now });
    }
    if (isOlder(promotion, before.promotion) || isOlder(config, before.config)) this.#wentBack += 1;
    this.#newest = {
      promotion: newer(promotion, this.#newest.promotion),
      config: newer(config, this.#newest.config),
    };
  }

  #fail(what: string): void {
    if (this.#endExpected) {
      this.#lost += 1;
      return;
    }
    this.#failed += 1;
    if (this.#failures.length < 5) this.#failures.push(what);
  }
}

function zxidIn(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  of: 'model' | 'config',
): string | undefined {
  const value = headers[`zooserve-${of}-zxid`];
  return typeof value === 'string' ? value : undefined;
}

function isOlder(zxid: string | undefined, than: string | undefined): boolean {
  return zxid !== undefined && than !== undefined && zxid < than;
}

function newer(a: string | undefined, b: string | undefined): string | undefined {
  return isOlder(a, b) ? b : (a ?? b);
}
