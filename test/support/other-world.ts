import { zooserve } from './cli';

/** What the replica's metrics say of its ensemble: 1 while that is another one than it knows. */
export async function otherWorld(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^zooserve_zookeeper_other_world (.*)$/m.exec(text)?.[1]);
}

/** Has the ensemble accepted as it is, from the command line. */
export async function accept(connectString: string): Promise<void> {
  const { status: exit, stderr } = await zooserve(['accept-world', '--reason', 'a new disk'], {
    environment: { ZOOSERVE_ZOOKEEPER: connectString },
  });
  expect(stderr).toBe('');
  expect(exit).toBe(0);
}
