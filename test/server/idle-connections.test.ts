import { readFileSync } from 'node:fs';
import { eventually } from '../support/eventually';
import { INFER, post, RawConnection } from './raw-connection';
import { serving } from './serving';

const WANTED = 10_000;
/** Opened at once: more than that may overflow what the system keeps of connections that nobody has accepted yet. */
const AT_ONCE = 200;
/** File descriptors for everything else. */
const SPARE = 1000;

/** Both ends of a connection are in this process. */
function affordable(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const files = Number(/^Max open files +(\d+)/m.exec(limits)?.[1]);
  return Math.min(WANTED, Math.floor((files - SPARE) / 2));
}

test('ten thousand idle connections, or as many as the machine allows, leave the others alone', async () => {
  await using s = await serving();
  const count = affordable();
  expect(count).toBeGreaterThan(0);
  const idle: RawConnection[] = [];
  while (idle.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - idle.length) }, () =>
      RawConnection.open(s.server.port),
    );
    idle.push(...(await Promise.all(some)));
  }
  using connection = await RawConnection.open(s.server.port);
  expect((await connection.write(post(INFER, '{}')).answer()).status).toBe(200);
  expect(idle.filter((one) => one.closed)).toEqual([]);
  for (const one of idle) one.socket.destroy();
  await eventually(() => idle.every((one) => one.closed));
});
