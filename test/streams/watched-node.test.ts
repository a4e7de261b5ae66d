import { ZooKeeperError } from '../../src/errors';
import { ConcurrencyLimit } from '../../src/streams/concurrency-limit';
import { WatchedNode, type Observation } from '../../src/streams/watched-node';
import { eventually } from '../support/eventually';

/** Zxids as far as they matter here. */
const at = (zxid: number) => zxid.toString(16).padStart(16, '0');
const present = (created: number, modified: number): Observation<string> => ({
  snapshot: `created ${created}, modified ${modified}`,
  present: true,
  position: at(modified),
  identity: `${at(created)} ${at(modified)}`,
});
const absent = (asOf: number): Observation<string> => ({
  snapshot: 'absent',
  present: false,
  position: at(asOf),
  identity: 'absent',
});

/** A node that is read so, one reading after the other, and how many there were. */
function readAs(...readings: Observation<string>[]): { node: WatchedNode<string>; done: () => number } {
  let reading = 0;
  const kind = { events: new Set<number>(), read: () => Promise.resolve(readings[reading++]!) };
  const never = () => Promise.reject(new Error('this kind sends nothing'));
  const host = {
    connection: { ended: false, chroot: '', send: never },
    limit: new ConcurrencyLimit(1),
    log: undefined,
    onUnwatched: () => undefined,
    onMissed: () => undefined,
  };
  return { node: new WatchedNode(kind, host, '/a'), done: () => reading };
}

/** What is told when the node is read so. */
async function told(...readings: Observation<string>[]): Promise<string[]> {
  const seen: string[] = [];
  const { node, done } = readAs(...readings);
  node.snapshot$.subscribe((snapshot) => seen.push(snapshot));
  for (const [index] of readings.entries()) await read(node, () => done() === index + 1);
  return seen;
}

async function read(node: WatchedNode<string>, done: () => boolean): Promise<void> {
  node.reread();
  await eventually(done);
  await new Promise(setImmediate);
}

describe('what is told of a watched node', () => {
  it('is each content once', async () => {
    expect(await told(present(1, 1), present(1, 1), present(1, 4))).toEqual([
      'created 1, modified 1',
      'created 1, modified 4',
    ]);
  });

  it('is an absence once, and again after a presence', async () => {
    expect(await told(absent(3), absent(5), present(6, 6), absent(8))).toEqual([
      'absent',
      'created 6, modified 6',
      'absent',
    ]);
  });

  it('is never an older content of the same node', async () => {
    expect(await told(present(1, 7), present(1, 4))).toEqual(['created 1, modified 7']);
  });

  it('is never a node of before its removal, but one created anew is', async () => {
    expect(await told(present(1, 7), absent(9), present(1, 7), present(10, 10))).toEqual([
      'created 1, modified 7',
      'absent',
      'created 10, modified 10',
    ]);
  });

  it('is never an absence of before its creation', async () => {
    expect(await told(present(10, 12), absent(9))).toEqual(['created 10, modified 12']);
  });

  it('remembers how far an absence was known when it was seen again', async () => {
    expect(await told(absent(3), absent(9), present(4, 4))).toEqual(['absent']);
  });

  it('is told though one content was removed and another created in between', async () => {
    expect(await told(present(1, 3), present(7, 7))).toEqual([
      'created 1, modified 3',
      'created 7, modified 7',
    ]);
  });
});

test('a reading older than what was told makes nothing fresh', async () => {
  const { node, done } = readAs(present(1, 7), present(1, 4), present(1, 8));
  const fresh: boolean[] = [];
  for (const reading of [1, 2, 3]) {
    node.disconnected();
    await read(node, () => done() === reading);
    fresh.push(node.fresh);
  }
  expect(fresh).toEqual([true, false, true]);
});

describe('a reading that nothing was notified for', () => {
  it('does not keep a new connection from being read by when its turn comes after the end of the old one', async () => {
    const ended = new ZooKeeperError('CONNECTION_LOSS', 'it broke', {
      mayHaveHappened: false,
      retryable: true,
    });
    const connections = [1, 2].map((number) => ({
      number,
      ended: false,
      chroot: '',
      send: () => Promise.reject(ended),
    }));
    const [first, second] = connections;
    const kind = {
      events: new Set<number>(),
      read: (to: unknown) => {
        const by = connections.find((one) => one === to)!;
        return by.ended ? Promise.reject(ended) : Promise.resolve(present(1, by.number));
      },
    };
    const host = {
      connection: first,
      limit: new ConcurrencyLimit(1),
      log: undefined,
      onUnwatched: () => undefined,
      onMissed: () => undefined,
    };
    const node = new WatchedNode(kind, host, '/a');
    const seen: string[] = [];
    node.snapshot$.subscribe((snapshot) => seen.push(snapshot));
    node.reread();
    await eventually(() => node.fresh);
    let goOn!: () => void;
    const others = host.limit.run(() => new Promise<void>((resolve) => (goOn = resolve)));

    const audited = node.audit();
    first!.ended = true;
    node.disconnected();
    host.connection = second;
    node.reread();
    goOn();
    await Promise.all([others, audited]);

    await eventually(() => node.fresh);
    expect(seen).toEqual(['created 1, modified 1', 'created 1, modified 2']);
  });
});
