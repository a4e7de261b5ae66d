import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { infer, IRIS } from '../support/infer';
import { startIris } from '../support/iris-replica';
import { sharedZooKeeper } from '../support/zookeeper';
import { eventually } from '../support/eventually';
import { get, RawConnection } from './raw-connection';

const MOST = 10_000;
/** With fewer it would be no test of many connections: then the machine's limit is to be raised, not the test to pass. */
const FEWEST = 1000;
/** Opened at once: more than that may overflow what the system keeps of connections that nobody has accepted yet. */
const AT_ONCE = 200;
/** File descriptors of the server, and of jest, for everything else. */
const SPARE = 500;

/** Node.js raises its soft limit to the hard one as it starts, here and in the server's process. */
function openFiles(process: number | 'self'): number {
  const limits = readFileSync(`/proc/${process}/limits`, 'latin1');
  const soft = /^Max open files +(\S+)/m.exec(limits)?.[1];
  return soft === 'unlimited' ? Infinity : Number(soft);
}

function sockets(process: number): number {
  const folder = `/proc/${process}/fd`;
  const targets = readdirSync(folder).map((name) => {
    try {
      return readlinkSync(`${folder}/${name}`);
    } catch {
      // It was closed meanwhile.
      return '';
    }
  });
  return targets.filter((target) => target.startsWith('socket:')).length;
}

/** Each side of a connection is in a process of its own, so that each has the whole limit. */
const COUNT = Math.min(MOST, openFiles('self') - SPARE);

test(`${COUNT} idle connections are held, and the others are answered meanwhile`, async () => {
  if (!(COUNT >= FEWEST)) {
    throw new Error(
      `the limit of open files leaves room for ${COUNT} connections, and ${FEWEST} are the fewest: ` +
        `raise it to ${FEWEST + SPARE}, or to ${MOST + SPARE} for all (ulimit -n)`,
    );
  }
  await using zookeeper = await sharedZooKeeper();
  await using replica = await startIris(zookeeper.connectString);
  const pid = replica.child.pid ?? 0;
  expect(openFiles(pid)).toBeGreaterThanOrEqual(openFiles('self'));
  const port = Number(new URL(replica.url).port);
  const idle: RawConnection[] = [];
  while (idle.length < COUNT) {
    const some = Math.min(AT_ONCE, COUNT - idle.length);
    const opening = Promise.all(Array.from({ length: some }, () => RawConnection.open(port)));
    expect((await infer(replica.url, 'iris', IRIS.rows)).status).toBe(200);
    idle.push(...(await opening));
  }
  // The server has accepted them all, and closed none.
  const held = await eventually(
    () => sockets(pid),
    (open) => open >= COUNT,
  );
  expect(idle.filter(({ closed, ended }) => closed || ended)).toEqual([]);
  process.stderr.write(`${idle.length} idle connections held, ${held} sockets open in the server\n`);

  for (let n = 0; n < 20; n += 1) {
    expect((await infer(replica.url, 'iris', IRIS.rows)).status).toBe(200);
  }
  for (const place of [0, Math.floor(COUNT / 2), COUNT - 1]) {
    const woken = idle[place]!.write(get('/v2/health/ready'));
    expect((await woken.answer()).body).toBe('{"live":true,"ready":true}');
  }
  for (const one of idle) one.socket.destroy();
  await eventually(
    () => sockets(pid),
    (open) => open < SPARE,
  );
});
