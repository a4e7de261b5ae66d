import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ModelSlot } from '../../src/inference/slot';
import { config } from './requests';
import { ASKS, json, output, rows, SAMPLES, Scene } from './slot-scene';

const HELD_OUT = resolve(__dirname, '../../../test/fixtures/heldout');
const CLIENTS = 16;

interface HeldOut {
  readonly rows: readonly (readonly number[])[];
  readonly versions: Readonly<Record<string, { readonly probabilities: readonly (readonly number[])[] }>>;
}

/** Calls `once` over and over from `CLIENTS` sides until `work` is done, and says how often. */
async function underLoad(once: () => Promise<void>, work: () => Promise<void>): Promise<number> {
  let calls = 0;
  let working = true;
  const client = async () => {
    while (working) {
      await once();
      calls += 1;
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  await work().finally(() => {
    working = false;
  });
  await Promise.all(clients);
  return calls;
}

/** Every request is answered, by one version, with that version's own numbers. */
test.each(['iris', 'digits'])(
  '%s: 60 swaps to and fro under load, each answer of one version',
  async (model) => {
    const heldOut = JSON.parse(await readFile(join(HELD_OUT, `${model}.json`), 'utf8')) as HeldOut;
    await using slot = Scene.of(SAMPLES, model);
    await slot.serve({ version: '1', stamp: 'first' });
    const byVersion = new Map<string, number>();
    let next = 0;
    const once = async () => {
      const row = next++ % heldOut.rows.length;
      const version = await answeredBy(slot, heldOut, row);
      byVersion.set(version, (byVersion.get(version) ?? 0) + 1);
    };
    const calls = await underLoad(once, async () => {
      for (let swap = 0; swap < 60; swap += 1) {
        await slot.serve({ version: swap % 2 === 0 ? '2' : '1', stamp: `swap ${swap}` });
        await once();
      }
    });
    expect(calls).toBeGreaterThan(60);
    expect([...byVersion.keys()].sort()).toEqual(['1', '2']);
  },
);

async function answeredBy(slot: ModelSlot, heldOut: HeldOut, row: number): Promise<string> {
  const data = heldOut.rows[row];
  if (data === undefined) throw new Error(`there is no held-out row ${row}`);
  const answer = await slot.infer(rows([data]));
  expect(json(answer).model_version).toBe(answer.version);
  const expected = heldOut.versions[answer.version]?.probabilities[row];
  const seen = output(answer, 'probabilities');
  expect(seen).toHaveLength(expected?.length ?? -1);
  expected?.forEach((probability, index) => {
    expect(Math.abs(Number(seen[index]) - probability)).toBeLessThanOrEqual(1e-5);
  });
  return answer.version;
}

test('versions that are built, served and ended one after another under load', async () => {
  await using scene = await Scene.open();
  await scene.slot.configure(config({ residency: { keepPrevious: 0 } }), 'z');
  await scene.slot.serve({ version: '1', stamp: '1' });
  const once = async () => {
    const answer = await scene.ask(ASKS.nothing);
    expect(output(answer, 'version')).toEqual([Number(answer.version)]);
    expect(answer.versionStamp).toBe(answer.version);
  };
  await underLoad(once, async () => {
    for (const version of ['2', '3', '4', '1', '2', '3', '4', '1']) {
      const served = await scene.slot.serve({ version, stamp: version });
      expect(served.outcome).toBe('swapped');
      expect((await scene.ask()).version).toBe(version);
    }
  });
  await scene.slot[Symbol.asyncDispose]();
  const trace = await scene.trace();
  expect(trace.filter((line) => line.endsWith('loading'))).toHaveLength(9);
  expect(trace.filter((line) => line.endsWith('ended'))).toHaveLength(9);
});

test('sessions that are rebuilt under load', async () => {
  await using scene = await Scene.open();
  await scene.slot.serve({ version: '1', stamp: 'a' });
  const stamps = new Set<string | undefined>();
  const once = async () => {
    const { version, configStamp } = await scene.ask();
    expect(version).toBe('1');
    stamps.add(configStamp);
  };
  await underLoad(once, async () => {
    for (const intraOpThreads of [2, 1, 2, 1]) {
      await scene.slot.configure(config({ session: { intraOpThreads } }), `threads ${intraOpThreads}`);
      await once();
    }
  });
  expect([...stamps].sort()).toEqual(expect.arrayContaining(['threads 1', 'threads 2']));
});
