import { basename, dirname, join } from 'node:path';
import { stateFolder } from '../../src/state/folder';

const OWNER = { stateDir: '/var/lib/zs', zookeeper: 'a:2181,b:2181/x', root: '/zooserve', replica: 'web-1' };

test('it lies in the state directory and begins with the replica', () => {
  expect(dirname(stateFolder(OWNER))).toBe('/var/lib/zs');
  expect(basename(stateFolder(OWNER))).toMatch(/^web-1-[0-9a-f]{12}$/);
  expect(stateFolder({ ...OWNER, stateDir: 'here' })).toContain(join(process.cwd(), 'here'));
});

test('the servers may be named in another order', () => {
  expect(stateFolder({ ...OWNER, zookeeper: 'b:2181,a:2181/x' })).toBe(stateFolder(OWNER));
});

test.each([
  { zookeeper: 'a:2181/x' },
  { zookeeper: 'a:2181,b:2181' },
  { root: '/other' },
  { replica: 'web-2' },
])('another owner has another one: %j', (other) => {
  expect(stateFolder({ ...OWNER, ...other })).not.toBe(stateFolder(OWNER));
});
