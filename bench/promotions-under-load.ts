import { parseArgs } from 'node:util';
import { openSession } from '../src/streams/session';
import { CheckedLoad } from './checked-load';
import { heldOut } from './held-out';
import { misnamed } from './misnamed';
import { median } from './percentile';

/** Promotions with wrong answers, in words. */
const SHOWN = 5;

/**
 * `npm run promotions-under-load -- [--url U] [--zookeeper Z] [--promotions N] [--connections C]`
 *
 * Against a server that runs (`npm start`): C clients send requests without pause while the version znode of
 * `iris` is written N times, 2 and 1 in turn, by a bare ZooKeeper client; the next write follows as soon as an
 * answer carries the zxid of the last one. Exit 0 when not one request failed, each answer's numbers are those of the
 * one version that it names, that is the one which was written, and none came under an older write than one before it.
 */
export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      url: { type: 'string', default: 'http://127.0.0.1:8080' },
      zookeeper: { type: 'string', default: '127.0.0.1:2181' },
      root: { type: 'string', default: '/zooserve' },
      promotions: { type: 'string', default: '200' },
      connections: { type: 'string', default: '32' },
    },
  });
  const promotions = Number(values.promotions);
  const fixture = heldOut('iris');
  await using session = openSession({ connectString: values.zookeeper, sessionTimeoutMs: 10_000 });
  await session.connected(AbortSignal.timeout(10_000));
  const path = `${values.root}/models/iris/version`;
  const before = await session.get(path);
  const written = new Map(before === undefined ? [] : [[before.stat.mzxid, before.data.toString()]]);
  const load = new CheckedLoad(values.url, fixture, Number(values.connections));
  const followedMs: number[] = [];
  for (let i = 0; i < promotions; i += 1) {
    const version = i % 2 === 0 ? '2' : '1';
    const { mzxid } = await session.set(path, Buffer.from(version));
    const writtenAt = performance.now();
    written.set(mzxid, version);
    await load.answeredUnder(mzxid);
    followedMs.push(performance.now() - writtenAt);
  }
  const result = await load.stop();
  const { failed, mixed, wentBack } = result;
  const wrong = misnamed(result, written);
  const misnamedAnswers = wrong.reduce((sum, { answers }) => sum + answers, 0);
  const versions = Object.entries(result.byVersion).map(
    ([version, count]) => `${count} by version ${version}`,
  );
  console.log(`${promotions} promotions, ${values.connections} connections, ${result.requests} requests`);
  console.log(
    `answers: ${versions.join(', ')}; failed ${failed}, mixed ${mixed}, by another version than was written ` +
      `${misnamedAnswers}, under an older write than one before ${wentBack}`,
  );
  console.log(`znode written to first answer by that write: median ${median(followedMs).toFixed(1)} ms`);
  for (const failure of result.failures) console.log(`  ${failure}`);
  for (const { zxid, named, promoted = 'unknown', answers } of wrong.slice(0, SHOWN)) {
    console.log(`  ${answers} answers by ${named} under ${zxid}, whose version is ${promoted}`);
  }
  return failed + mixed + wentBack + misnamedAnswers === 0 ? 0 : 1;
}
