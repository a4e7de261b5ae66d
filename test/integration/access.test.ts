import { join } from 'node:path';
import { zooserve, type CliResult } from '../support/cli';
import { ANN, BOB, connectAs, digestId } from '../support/identities';
import { irisVersion } from '../support/infer';
import { passes } from '../support/passes';
import { PROJECT_ROOT, ServeProcess } from '../support/serve-process';
import { startTestZooKeeper, type TestZooKeeper } from '../support/zookeeper';

const MODELS = join(PROJECT_ROOT, 'models');
let zookeeper: TestZooKeeper;

beforeAll(async () => {
  zookeeper = await startTestZooKeeper();
});

afterAll(async () => {
  await zookeeper[Symbol.asyncDispose]();
});

/** `zooserve` as that identity, below that root. */
function zooserveAs(credentials: string | undefined, root: string, ...args: string[]): Promise<CliResult> {
  return zooserve(args, {
    environment: {
      ZOOSERVE_ZOOKEEPER: zookeeper.connectString,
      ZOOSERVE_ROOT: root,
      ZOOSERVE_MODELS: MODELS,
      ...(credentials === undefined ? {} : { ZOOSERVE_ZOOKEEPER_AUTH: `digest:${credentials}` }),
    },
  });
}

const publish = (version: string): string[] => [
  'publish',
  'iris',
  version,
  join(MODELS, 'iris', version, 'model.onnx'),
];

test('one identity publishes and promotes and its replicas follow; the others read and change nothing', async () => {
  const root = '/access';
  for (const args of [publish('1'), publish('2'), ['promote', 'iris', '1']]) {
    expect(await zooserveAs(ANN, root, ...args)).toMatchObject({ status: 0 });
  }
  await using replica = await ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'one',
    args: ['--root', root, '--auth', `digest:${ANN}`],
  });
  expect(await zooserveAs(ANN, root, 'promote', 'iris', '2', '--wait')).toMatchObject({ status: 0 });
  expect(await irisVersion(replica.url)).toBe('2');

  const hint = '; --auth (ZOOSERVE_ZOOKEEPER_AUTH) says who to be\n';
  for (const other of [BOB, undefined]) {
    for (const [args, refusal] of [
      [
        ['promote', 'iris', '1'],
        `transaction, set ${root}/models/iris/version: not allowed: that takes the right to write (w) on ${root}/models/iris/version`,
      ],
      [
        ['rollback', 'iris'],
        `transaction, set ${root}/models/iris/version: not allowed: that takes the right to write (w) on ${root}/models/iris/version`,
      ],
      [
        ['config', 'set', 'iris', '{}'],
        `transaction, create ${root}/models/iris/config: not allowed: that takes the right to create children (c) on ${root}/models/iris`,
      ],
      [
        ['promote', 'new', '1', '--force'],
        `transaction, create ${root}/models/new: not allowed: that takes the right to create children (c) on ${root}/models`,
      ],
      [
        ['accept-world'],
        `create ${root}/worlds: not allowed: that takes the right to create children (c) on ${root}`,
      ],
    ] as const) {
      expect(await zooserveAs(other, root, ...args)).toEqual({
        status: 1,
        stdout: '',
        stderr: `zooserve: ${refusal} (ZooKeeper code -102)${hint}`,
      });
    }
    expect((await zooserveAs(other, root, 'status', 'iris')).stdout).toMatch(
      /iris +one +live +2 +2 +SERVING/,
    );
    expect((await zooserveAs(other, root, 'history', 'iris')).status).toBe(0);
  }
  expect(await irisVersion(replica.url)).toBe('2');
});

test('--acl says who else may: here an operator may promote, and whoever has no identity may not read', async () => {
  const root = '/acl';
  const acl = `auth::cdrwa,digest:${digestId(BOB)}:crw`;
  for (const args of [publish('1'), publish('2'), ['promote', 'iris', '1']]) {
    expect(await zooserveAs(ANN, root, ...args, '--acl', acl)).toMatchObject({ status: 0 });
  }
  expect(await zooserveAs(BOB, root, 'promote', 'iris', '2')).toMatchObject({ status: 0 });
  expect(await zooserveAs(undefined, root, 'status')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('that takes the right to read (r) on /acl/') as string,
  });
  expect(await zooserveAs(ANN, root, 'status')).toMatchObject({ status: 0 });
});

test('a replica that may not register says which right it has not got, and ends', async () => {
  const root = '/closed';
  await using ann = await connectAs(zookeeper, ANN);
  await ann.ensurePath(root);
  await using replica = await ServeProcess.start({
    zookeeper: zookeeper.connectString,
    replica: 'one',
    args: ['--root', root, '--auth', `digest:${BOB}`],
  });
  await passes(() => {
    expect(replica.child.exitCode).toBe(1);
  }, 20_000);
  expect(replica.logged.join('\n')).toContain(
    `the replica one could not be registered at ${root}/replicas/one: create ${root}/replicas: not allowed: ` +
      `that takes the right to create children (c) on ${root} (ZooKeeper code -102)`,
  );
});

test('an access list that does not fit is wrong usage', async () => {
  expect(await zooserveAs(undefined, '/never', 'promote', 'iris', '1', '--acl', 'auth::cdrwa')).toEqual({
    status: 64,
    stdout: '',
    stderr:
      'zooserve: --acl: "auth" means the identity that --auth or --zookeeper-tls-cert gives, and there is none\n',
  });
  expect(
    await zooserveAs(undefined, '/never', 'promote', 'iris', '1', '--acl', 'world:anyone'),
  ).toMatchObject({
    status: 64,
    stderr: expect.stringMatching(/^zooserve: --acl: entry 1 should be scheme:id:permissions/) as string,
  });
});
