import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { openSession } from '../../src/streams/session';
import { Ensemble, modeOf } from './ensemble';
import { eventually } from './eventually';
import { quietPorts } from './quiet-ports';

test('three servers elect another leader when theirs is killed, and keep what was written', async () => {
  await using ensemble = await Ensemble.start();
  await using session = openSession({
    connectString: ensemble.connectString,
    sessionTimeoutMs: 10_000,
  });
  await session.connected();
  await session.create('/kept', Buffer.from('1'));

  const first = await ensemble.leader();
  await first.kill('SIGKILL');
  const second = await ensemble.leader();
  expect(second).not.toBe(first);
  await eventually(
    () => session.set('/kept', Buffer.from('2')),
    () => true,
    60_000,
  );
  await first.restart();
  await ensemble.whole();
  expect(await modeOf(first)).toBe('follower');

  await ensemble.wipe(first);
  await first.restart();
  await using late = openSession({ connectString: first.connectString, sessionTimeoutMs: 10_000 });
  await late.connected();
  expect((await late.get('/kept'))?.data.toString()).toBe('2');

  const [follower] = await ensemble.followers();
  follower!.suspend();
  expect(await modeOf(follower!)).toBe('none');
  const pids = ensemble.servers.map(({ pid }) => pid);
  const directory = dirname(first.dataDir);
  await ensemble[Symbol.asyncDispose]();
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  expect(existsSync(directory)).toBe(false);
}, 240_000);

test('a port that somebody has taken meanwhile costs a server another start, and no more', async () => {
  const listener = createServer();
  const chosen: number[][] = [];
  await using ensemble = await Ensemble.start(1, async (count) => {
    const ports = await quietPorts(count);
    if (chosen.push(ports) === 1) {
      await new Promise<void>((resolve) => listener.listen(ports[0], '127.0.0.1', resolve));
    }
    return ports;
  });
  expect(chosen).toHaveLength(2);
  expect(ensemble.servers.map(({ port }) => port)).toEqual(chosen[1]!.slice(0, 1));
  await new Promise((resolve) => listener.close(resolve));
}, 240_000);

test('ports that are given out are free, different and not taken by those who listen already', async () => {
  const ports = await quietPorts(200);
  expect(new Set(ports).size).toBe(200);
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(ports[0], '127.0.0.1', resolve));
  const others = await Promise.all(Array.from({ length: 20 }, () => quietPorts(50)));
  expect(others.flat()).not.toContain(ports[0]);
  await new Promise((resolve) => listener.close(resolve));
});
