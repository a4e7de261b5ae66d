import { tryNext } from '../../src/cli/try-next';

const SERVED = {
  ...{ url: 'http://127.0.0.1:8080', zookeeper: '127.0.0.1:2181', root: '/zooserve' },
  ...{ pinned: [], models: [{ model: 'iris', live: '1' }] },
};
const commands = (text: string) => text.split('\n').filter((line) => line.startsWith('  npx zooserve '));

it('prints commands that need nothing else when all is where it is by default', () => {
  expect(commands(tryNext(SERVED))).toEqual([
    '  npx zooserve promote iris 2 --wait',
    `  npx zooserve config set iris '{"params":{"threshold":0.8}}' --wait`,
    '  npx zooserve rollback iris --wait',
    '  npx zooserve status',
  ]);
});

it('has every command name the ensemble, the root and the znodes that are other ones', () => {
  const pinned = [
    { model: 'iris', versionPath: '/ml_model_version' },
    { model: 'digits', versionPath: '/of&digits/version', configPath: "/digit's" },
  ];
  const lines = commands(tryNext({ ...SERVED, zookeeper: '127.0.0.1:4711', root: '/zoo', pinned }));
  const flags =
    ' --zookeeper 127.0.0.1:4711 --root /zoo --model iris=/ml_model_version' +
    ` --model 'digits=/of&digits/version,/digit'\\''s'`;
  expect(lines).toHaveLength(4);
  for (const line of lines) expect(line.endsWith(flags)).toBe(true);
});
