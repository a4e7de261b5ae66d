import { eventually } from '../support/eventually';
import { proxiedScene } from '../support/proxied-scene';
import { dataTold, namesTold } from '../support/told';
import { watchCount } from '../support/server-watches';

const scene = proxiedScene();

const watchesOnServer = () => watchCount(scene.zookeeper);

describe('watchData', () => {
  it('tells the absence, the creation, each change, the removal and the new creation', async () => {
    const { seen } = dataTold(scene.session, scene.path);
    await eventually(() => seen.length === 1);
    const steps: (() => Promise<unknown>)[] = [
      () => scene.other.create(scene.path, Buffer.from('1')),
      () => scene.other.set(scene.path, Buffer.from('2')),
      () => scene.other.set(scene.path, Buffer.from('2')),
      () => scene.other.remove(scene.path),
      () => scene.other.create(scene.path, Buffer.from('1')),
    ];
    for (const [index, step] of steps.entries()) {
      await step();
      await eventually(() => seen.length === index + 2);
    }
    expect(seen).toEqual([undefined, '1', '2', '2', undefined, '1']);
  });

  it('tells the present value first', async () => {
    await scene.other.create(scene.path, Buffer.from('there'));
    const { seen } = dataTold(scene.session, scene.path);
    await eventually(() => seen.length === 1);
    expect(seen).toEqual(['there']);
  });

  it('tells the last of many quick changes, and never goes back', async () => {
    await scene.other.create(scene.path, Buffer.from('0'));
    const { seen } = dataTold(scene.session, scene.path);
    await Promise.all(
      Array.from({ length: 500 }, (_, index) => scene.other.set(scene.path, Buffer.from(`${index + 1}`))),
    );
    await eventually(() => seen.at(-1) === '500');
    const numbers = seen.map(Number);
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });

  it('tells a node created anew though its version counts from 0 again', async () => {
    await scene.other.create(scene.path, Buffer.from('same'));
    const { seen } = dataTold(scene.session, scene.path);
    await eventually(() => seen.length === 1);
    await scene.other.multi([
      { op: 'remove', path: scene.path },
      { op: 'create', path: scene.path, data: Buffer.from('same') },
    ]);
    await eventually(() => seen.length === 2);
    expect(seen).toEqual(['same', 'same']);
  });

  it('does not tell what happens to the children', async () => {
    await scene.other.create(scene.path);
    const { seen } = dataTold(scene.session, scene.path);
    await eventually(() => seen.length === 1);
    await scene.other.create(`${scene.path}/child`);
    await scene.other.set(scene.path, Buffer.from('after'));
    await eventually(() => seen.at(-1) === 'after');
    expect(seen).toEqual(['', 'after']);
  });
});

describe('watchChildren', () => {
  it('tells the absence, the children as they come and go, and the removal', async () => {
    const { seen } = namesTold(scene.session, scene.path);
    await eventually(() => seen.length === 1);
    const steps: (() => Promise<unknown>)[] = [
      () => scene.other.create(scene.path),
      () => scene.other.create(`${scene.path}/b`),
      () => scene.other.create(`${scene.path}/a`),
      () => scene.other.remove(`${scene.path}/b`),
      () => scene.other.remove(`${scene.path}/a`),
      () => scene.other.remove(scene.path),
    ];
    for (const [index, step] of steps.entries()) {
      await step();
      await eventually(() => seen.length === index + 2);
    }
    expect(seen).toEqual([undefined, '', 'b', 'a b', 'a', '', undefined]);
  });

  it('does not tell what happens to the data', async () => {
    await scene.other.create(scene.path);
    const { seen } = namesTold(scene.session, scene.path);
    await eventually(() => seen.length === 1);
    await scene.other.set(scene.path, Buffer.from('x'));
    await scene.other.set(scene.path, Buffer.from('y'));
    await scene.other.create(`${scene.path}/a`);
    await eventually(() => seen.at(-1) === 'a');
    expect(seen).toEqual(['', 'a']);
  });
});

describe('many subscribers', () => {
  it('share one watch, and late ones get the latest at once', async () => {
    await scene.other.create(scene.path, Buffer.from('1'));
    const before = await watchesOnServer();
    const all = Array.from({ length: 1000 }, () => dataTold(scene.session, scene.path));
    await eventually(() => all.every(({ seen }) => seen.length === 1));
    expect(await watchesOnServer()).toBe(before + 1);
    const late = dataTold(scene.session, scene.path);
    expect(late.seen).toEqual(['1']);
    await scene.other.set(scene.path, Buffer.from('2'));
    await eventually(() => [...all, late].every(({ seen }) => seen.at(-1) === '2'));
    expect(await watchesOnServer()).toBe(before + 1);
    for (const { subscription } of all) subscription.unsubscribe();
    await scene.other.set(scene.path, Buffer.from('3'));
    await eventually(() => late.seen.at(-1) === '3');
    late.subscription.unsubscribe();
    await eventually(watchesOnServer, (watches) => watches === before);
    expect(all[0]?.seen).toEqual(['1', '2']);
  });

  it('leave nothing behind, whatever they watched', async () => {
    const before = await watchesOnServer();
    const absent = [dataTold(scene.session, scene.path), namesTold(scene.session, scene.path)];
    await eventually(() => absent.every(({ seen }) => seen.length === 1));
    expect(await watchesOnServer()).toBe(before + 1); // Both look for the same node.
    await scene.other.create(scene.path);
    await eventually(() => absent.every(({ seen }) => seen.length === 2));
    expect(await watchesOnServer()).toBe(before + 2);
    for (const { subscription } of absent) subscription.unsubscribe();
    await eventually(watchesOnServer, (watches) => watches === before);
  });

  it('leave nothing behind when they go while the node is being read', async () => {
    const before = await watchesOnServer();
    for (let round = 0; round < 50; round += 1) {
      dataTold(scene.session, `${scene.path}-${round}`).subscription.unsubscribe();
      const child = namesTold(scene.session, `${scene.path}-${round}`);
      await Promise.resolve();
      child.subscription.unsubscribe();
    }
    // By the first the reads are answered and the looks for the node are out, by the second these are answered.
    await scene.session.sync('/');
    await scene.session.sync('/');
    await eventually(watchesOnServer, (watches) => watches === before);
  });

  it('of one kind go without harm to those of the other', async () => {
    const [first, second] = [dataTold(scene.session, scene.path), namesTold(scene.session, scene.path)];
    await eventually(() => first.seen.length === 1 && second.seen.length === 1);
    first.subscription.unsubscribe();
    await scene.session.sync('/');
    await scene.other.create(scene.path);
    await eventually(() => second.seen.length === 2);
    const third = dataTold(scene.session, scene.path);
    await eventually(() => third.seen.length === 1);
    second.subscription.unsubscribe();
    await scene.session.sync('/');
    await scene.other.set(scene.path, Buffer.from('2'));
    await eventually(() => third.seen.at(-1) === '2');
  });

  it('can come back after the last one has gone', async () => {
    await scene.other.create(scene.path, Buffer.from('1'));
    const watch$ = scene.session.watchData(scene.path);
    for (const value of ['2', '3', '4']) {
      const seen: unknown[] = [];
      const subscription = watch$.subscribe(({ node }) => seen.push(node?.data.toString()));
      await eventually(() => seen.length > 0);
      await scene.other.set(scene.path, Buffer.from(value));
      await eventually(() => seen.at(-1) === value);
      subscription.unsubscribe();
    }
  });
});
