import { openSession } from '../../src/streams/session';
import { passes } from '../support/passes';
import { infer, IRIS } from '../support/infer';
import { ServeProcess } from '../support/serve-process';
import { sharedZooKeeper } from '../support/zookeeper';

test('a replica that starts answers its first request under the config that is there, not under the defaults', async () => {
  await using zookeeper = await sharedZooKeeper();
  await using session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  await session.ensurePath('/zooserve/models/iris');
  await session.create('/zooserve/models/iris/version', Buffer.from('2'));
  await session.create('/zooserve/models/iris/config', Buffer.from('{"params":{"threshold":1}}'));
  const mzxid = (await session.exists('/zooserve/models/iris/config'))?.mzxid;
  await using replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one' });
  const first = await passes(async () => {
    const answer = await infer(replica.url, 'iris', IRIS.rows);
    expect(answer.status).toBe(200);
    return answer;
  });
  expect(first.headers.get('zooserve-config-zxid')).toBe(mzxid);
  expect(first.outputs.find(({ name }) => name === 'label_name')?.data).toContain('unsure');
});

test('params that the first version refuses give way to the defaults, and the status says so', async () => {
  await using zookeeper = await sharedZooKeeper();
  await using session = openSession({ connectString: zookeeper.connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  await session.ensurePath('/zooserve/models/iris');
  await session.create('/zooserve/models/iris/version', Buffer.from('2'));
  await session.create('/zooserve/models/iris/config', Buffer.from('{"params":{"threshold":"high"}}'));
  const mzxid = (await session.exists('/zooserve/models/iris/config'))?.mzxid;
  await using replica = await ServeProcess.start({ zookeeper: zookeeper.connectString, replica: 'one' });
  await passes(async () => {
    const node = await session.get('/zooserve/status/iris/one');
    expect(JSON.parse(node?.data.toString() ?? '{}')).toMatchObject({
      phase: 'SERVING',
      serving: { version: '2' },
      config: { state: 'REFUSED', mzxid: null, error: { mzxid } },
    });
  });
  expect((await infer(replica.url, 'iris', IRIS.rows)).headers.has('zooserve-config-zxid')).toBe(false);
});
