import { locateZooKeeper } from '../../src/embedded/zookeeper-jars';
import { SHARED_PORT, startTestZooKeeper, type TestZooKeeper } from './zookeeper';

let shared: TestZooKeeper | undefined;

/** Part of jest's globalSetup. Without ZooKeeper on the machine nothing is shared: tests that need none still run. */
export default async function shareZooKeeper(): Promise<void> {
  try {
    locateZooKeeper();
  } catch {
    return;
  }
  shared = await startTestZooKeeper();
  process.env[SHARED_PORT] = String(shared.port);
}

export async function endShared(): Promise<void> {
  await shared?.[Symbol.asyncDispose]();
}
