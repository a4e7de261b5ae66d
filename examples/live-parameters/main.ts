import { ZooKeeperError, type DataSnapshot } from 'zooserve/streams';
import { connect, example } from '../example';
import { DEFAULTS, parseParameters, type Parameters } from './parameters';
import { train } from './task';

/**
 * A task whose parameters are the JSON of a znode. Each change is validated and handed to the running task, which goes on
 * with the last good ones when a change is no good, or when ZooKeeper is away.
 */
example({ znode: '/ml_task' }, async ({ zookeeper, znode }, end) => {
  await using session = await connect(zookeeper, end);
  await session.create(znode, Buffer.from(JSON.stringify(DEFAULTS))).catch((error: unknown) => {
    if (!(error instanceof ZooKeeperError && error.code === 'NODE_EXISTS')) throw error;
  });

  let inForce: Parameters = DEFAULTS;
  const apply = ({ node }: DataSnapshot) => {
    try {
      inForce = node === undefined ? DEFAULTS : parseParameters(node.data);
      console.log(`parameters ${JSON.stringify(inForce)}${node === undefined ? ', the defaults' : ''}`);
    } catch (error) {
      console.log(`REFUSED: ${error instanceof Error ? error.message : String(error)}`);
      console.log(`  going on with ${JSON.stringify(inForce)}`);
    }
  };
  const watching = session.watchData(znode).subscribe({ next: apply, error: console.error });
  await train(() => inForce, end);
  watching.unsubscribe();
  console.log('ended');
});
