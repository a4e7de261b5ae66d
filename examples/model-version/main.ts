import { ZooKeeperError, type ZooKeeperSession } from 'zooserve/streams';
import { connect, example } from '../example';
import { predictionBy } from './predictions';

/**
 * Which version of a model is live is the text of one znode: it is created as `1`, updated to `2` and rolled back to `1`,
 * and the predictions follow.
 */
example(
  { url: 'http://127.0.0.1:8080', model: 'iris', znode: '/ml_model_version' },
  async ({ zookeeper, url, model, znode }, end) => {
    for (const version of ['1', '2', '1']) {
      // Each time by another client: whoever may write the znode may roll back.
      await using session = await connect(zookeeper, end);
      const written = await write(session, znode, version);
      const startedAt = performance.now();
      console.log(`${znode} is ${written} ${version}`);
      const { probabilities } = await predictionBy(version, url, model, end);
      const afterMs = (performance.now() - startedAt).toFixed(0);
      const shown = probabilities.map((probability) => probability.toFixed(3)).join(' ');
      console.log(`  version ${version} answers after ${afterMs} ms; probabilities ${shown}`);
    }
  },
);

/** As any ZooKeeper client may do it. */
async function write(
  session: ZooKeeperSession,
  znode: string,
  version: string,
): Promise<'created as' | 'set to'> {
  const data = Buffer.from(version);
  try {
    await session.create(znode, data);
    return 'created as';
  } catch (error) {
    if (!(error instanceof ZooKeeperError && error.code === 'NODE_EXISTS')) throw error;
    await session.set(znode, data);
    return 'set to';
  }
}
