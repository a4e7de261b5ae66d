import { CheckedLoad } from '../../bench/checked-load';
import { misnamed } from '../../bench/misnamed';
import { openSession } from '../../src/streams/session';
import { passes } from '../support/passes';
import { IRIS, irisVersion } from '../support/infer';
import { ServeProcess } from '../support/serve-process';
import { sharedZooKeeper } from '../support/zookeeper';

test('40 promotions under 32 connections: no request fails, no answer mixes versions, names a wrong one or goes back', async () => {
  await using zookeeper = await sharedZooKeeper();
  await using session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  await session.ensurePath('/zooserve/models/iris/version');
  const first = await session.set('/zooserve/models/iris/version', Buffer.from('1'));
  const written = new Map([[first.mzxid, '1']]);
  await using replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one' });
  await passes(async () => {
    expect(await irisVersion(replica.url)).toBe('1');
  });

  const load = new CheckedLoad(replica.url, IRIS, 32);
  for (let i = 0; i < 40; i += 1) {
    const version = i % 2 === 0 ? '2' : '1';
    const { mzxid } = await session.set('/zooserve/models/iris/version', Buffer.from(version));
    written.set(mzxid, version);
    await passes(async () => {
      expect(await irisVersion(replica.url)).toBe(version);
    });
  }
  const result = await load.stop();
  expect(result).toMatchObject({ failed: 0, failures: [], mixed: 0, wentBack: 0 });
  expect(misnamed(result, written)).toEqual([]);
  expect([...result.byPromotion.keys()].every((zxid) => written.has(zxid))).toBe(true);
  expect(Object.keys(result.byVersion).sort()).toEqual(['1', '2']);
  expect(result.requests).toBeGreaterThan(500);
});
