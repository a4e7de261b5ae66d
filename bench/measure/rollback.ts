import { now, pause } from '../clock';
import type { Measurement } from '../figure';
import { inTurns } from '../in-turns';
import { FirstAnswer } from '../load/first-answer';
import { openConnections } from '../load/http-connection';
import { jsonRequest } from '../load/infer-request';
import { median, percentile } from '../percentile';
import type { Scale } from '../scale';
import { someRows } from '../some-rows';
import type { Stand } from '../stand/stand';
import { WatchingProcess } from '../stand/watching-process';

const ROUNDS = 10;
const ROOT = '/rollback';
const BARE_ZNODE = '/bare/version';
/** Clients that ask without pause, so that there is an answer soon after the swap. */
const CONNECTIONS = 2;
/** Between two writes, for what the last one set off to be over. */
const REST_MS = 5;

/**
 * From before the write of the version znode to the first answer by that version, which is resident; against
 * the least that any follower of a znode needs: the write, the watch event and the read of the new data, by the
 * same client library in another process. The clients ask all the while in both.
 */
export async function rollback(stand: Stand, scale: Scale): Promise<Measurement> {
  await stand.addPerceptron('small', [4, 3]);
  await using replica = await stand.startReplica(ROOT, { small: '1' });
  await stand.session.ensurePath(BARE_ZNODE);
  await using watching = await WatchingProcess.start(stand.zookeeper.connectString, BARE_ZNODE);
  const requests = someRows(1, [1, 4]).map((rows) => jsonRequest('small', rows));
  const connections = await openConnections(replica.url, CONNECTIONS);
  const load = new FirstAnswer(connections, requests);
  let version = '1';
  const timesEach = async (once: (version: string) => Promise<number>): Promise<number[]> => {
    const took: number[] = [];
    for (let i = 0; i < scale.rollbacks / ROUNDS; i += 1) {
      version = version === '1' ? '2' : '1';
      took.push(await once(version));
      await pause(REST_MS);
    }
    return took;
  };
  const contestants = {
    ours: () =>
      timesEach(async (to) => {
        const began = now();
        const zxid = await stand.promote(ROOT, 'small', to);
        return (await load.under(zxid)) - began;
      }),
    bare: () =>
      timesEach(async (to) => {
        const began = now();
        const { mzxid } = await stand.session.set(BARE_ZNODE, Buffer.from(to));
        return (await watching.read(mzxid)) - began;
      }),
  };
  await inTurns(1, contestants);
  const times = await inTurns(ROUNDS, contestants);
  await load.stop();
  const [ours, bare] = [times.ours.flat(), times.bare.flat()];
  return {
    figures: [
      {
        name: 'rollback: znode write to first answer, median',
        measured: { value: median(ours), unit: 'ms', what: 'ZooServe' },
        against: { value: median(bare), unit: 'ms', what: 'write, watch, read' },
        goal: { of: 'ratio', atMost: 1.3 },
      },
    ],
    details: { ours: spread(ours), bare: spread(bare) },
  };
}

function spread(values: readonly number[]): Record<string, number> {
  return {
    count: values.length,
    p10: percentile(values, 0.1),
    median: median(values),
    p90: percentile(values, 0.9),
    p99: percentile(values, 0.99),
  };
}
