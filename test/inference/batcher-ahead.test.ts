import { Admission } from '../../src/inference/admission';
import { BatcherScene, turn } from './batcher-scene';
import { addAll, experienced, two } from './experienced-batcher';
import { inForce } from './requests';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

test('behind a full batch a full one goes ahead, and no third', async () => {
  const scene = await experienced();
  addAll(scene, [1, 2, 3, 4, 5, 6]);
  await turn();
  expect(scene.handedOver).toEqual([
    ['1', '2'],
    ['3', '4'],
  ]);
  await scene.answer();
  expect(scene.handedOver[2]).toEqual(['5', '6']);
});

test('a batch that is not full does not go ahead, until it is', async () => {
  const scene = await experienced();
  addAll(scene, [1, 2, 3]);
  await turn();
  expect(scene.handedOver).toEqual([['1', '2']]);
  addAll(scene, [4]);
  await turn();
  expect(scene.handedOver).toEqual([
    ['1', '2'],
    ['3', '4'],
  ]);
});

test('nothing goes ahead behind a batch that is not full: what it would have been joined by waits', async () => {
  const scene = await experienced();
  addAll(scene, [1]);
  await turn();
  addAll(scene, [2, 3]);
  await turn();
  expect(scene.handedOver).toEqual([['1']]);
});

test('requests that go one by one go ahead one by one', async () => {
  const scene = await experienced(new Admission('fixed'), { batchable: false });
  addAll(scene, [1, 2, 3]);
  await turn();
  expect(scene.handedOver).toEqual([['1'], ['2']]);
});

test('what lies with the worker waits, until the batch before it is answered', async () => {
  const scene = await experienced();
  const requests = addAll(scene, [1, 2, 3, 4]);
  await turn();
  expect(requests.map(({ waiting }) => waiting)).toEqual([false, false, true, true]);
  expect(scene.admission.waiting).toBe(2);
  await scene.answer();
  expect(requests[2]?.waiting).toBe(false);
  expect(scene.admission.waiting).toBe(0);
  await scene.answer();
  expect(String((await requests[3]?.answer)?.body)).toBe('4');
  expect(scene.admission.room(64, jest.fn())).toBe(64);
});

test('one that expires while it lies there is settled then, and gives its place back once', async () => {
  const scene = await experienced();
  const [, , expiring, other] = addAll(scene, [1, 2, 3, 4]);
  await turn();
  const expired = expect(expiring?.answer).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expiring?.failExpired();
  await expired;
  await scene.answer();
  expect(scene.admission.room(64, jest.fn())).toBe(63);
  await scene.answer();
  expect(String((await other?.answer)?.body)).toBe('4');
  expect(scene.admission.room(64, jest.fn())).toBe(64);
});

test('when the worker is lost, what lies there fails with what runs', async () => {
  const scene = await experienced();
  const requests = addAll(scene, [1, 2, 3, 4]);
  await turn();
  const failed = Promise.all(
    requests.map(({ answer }) => expect(answer).rejects.toMatchObject({ code: 'INTERNAL' })),
  );
  await scene.fail(new Error('lost'));
  await scene.fail(new Error('lost'));
  await failed;
  expect(scene.admission.room(64, jest.fn())).toBe(64);
});

test('nothing goes ahead while it is not known how long batches take, or where they take long', async () => {
  const scenes = [new BatcherScene(), await experienced(new Admission('slow'), {}, 100)];
  for (const scene of scenes) {
    addAll(scene, [1, 2, 3, 4]);
    await turn();
    expect(scene.handedOver).toEqual([['1', '2']]);
  }
});

test('each worker has its own ahead, and no more than maxConcurrent run', async () => {
  const scene = await experienced(new Admission('iris'), { workers: 2 });
  const four = inForce({ admission: { maxConcurrent: 4 } });
  const requests = addAll(scene, [1, 2, 3, 4, 5, 6, 7, 8, 9], four);
  await turn();
  expect(scene.handedOver).toEqual([
    ['1', '2'],
    ['3', '4'],
    ['5', '6'],
    ['7', '8'],
  ]);
  expect(requests.filter(({ waiting }) => !waiting)).toHaveLength(4);
  await scene.answer();
  expect(requests.slice(2).filter(({ waiting }) => !waiting)).toHaveLength(4);
});

test('nothing goes ahead while another version waits for room', async () => {
  const admission = new Admission('iris');
  const busy = await experienced(admission);
  const other = new BatcherScene(admission);
  const narrow = inForce({ batching: { maxRows: 2 }, admission: { maxConcurrent: 2 } });
  addAll(busy, [1, 2], narrow);
  await turn();
  other.add('other', narrow);
  await turn();
  addAll(busy, [3, 4], narrow);
  await turn();
  expect(busy.handedOver).toEqual([['1', '2']]);
  await busy.answer();
  expect(other.handedOver).toEqual([['"other"']]);
});

test('each of two workers has one batch ahead at the most', async () => {
  const scene = await experienced(new Admission('iris'), { workers: 2 });
  addAll(scene, [1, 2, 3, 4, 5, 6]);
  await turn();
  const last = addAll(scene, [7, 8]);
  await turn();
  await scene.answer();
  await scene.answer();
  expect(last.map(({ waiting }) => waiting)).toEqual([false, false]);
});

test('those whose clients have gone do not make a batch full', async () => {
  const scene = await experienced();
  const client = new AbortController();
  addAll(scene, [1, 2]);
  const gone = scene.add(3, two, { signal: client.signal });
  client.abort();
  addAll(scene, [4]);
  await turn();
  expect(scene.handedOver).toEqual([['1', '2']]);
  await expect(gone.answer).rejects.toMatchObject({ code: 'CLIENT_GONE' });
});
