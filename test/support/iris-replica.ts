import { openSession } from '../../src/streams/session';
import { infer, IRIS } from './infer';
import { passes } from './passes';
import { ServeProcess } from './serve-process';

/** A `zooserve serve` that answers with version 1 of the sample `iris`. */
export async function startIris(connectString: string, ...args: readonly string[]): Promise<ServeProcess> {
  await using session = openSession({ connectString, sessionTimeoutMs: 10_000 });
  await session.connected();
  await session.ensurePath('/zooserve/models/iris');
  await session.create('/zooserve/models/iris/version', Buffer.from('1'));
  const replica = await ServeProcess.start({ zookeeper: connectString, replica: 'iris', args });
  await passes(async () => {
    const { status } = await infer(replica.url, 'iris', IRIS.rows);
    if (status !== 200) throw new Error(`iris answers with ${status}`);
  });
  return replica;
}
