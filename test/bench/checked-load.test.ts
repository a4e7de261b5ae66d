import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CheckedLoad, type CheckedLoadResult } from '../../bench/checked-load';
import { misnamed } from '../../bench/misnamed';
import { IRIS } from '../support/infer';

/** What an answer says of itself, and whose numbers are in it. */
interface Said {
  readonly zxid: string;
  readonly named: string;
  readonly numbersOf: string;
}

const [OLDER, NEWER] = ['0000000000000001', '0000000000000002'] as const;
const TRUE: Said = { zxid: NEWER, named: '2', numbersOf: '2' };

/** Answers in turn as told, then as `TRUE`: a load of one client that stops once it has had them. */
async function loadOn(answers: readonly Said[]): Promise<CheckedLoadResult> {
  let asked = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { zxid, named, numbersOf } = answers[asked++] ?? TRUE;
      // Sent by CheckedLoad.
      const { inputs } = JSON.parse(Buffer.concat(chunks).toString()) as { inputs: [{ data: number[] }] };
      const data = rowsOf(inputs[0].data).flatMap(
        (row) => IRIS.versions[numbersOf]?.probabilities[row] ?? [],
      );
      response.setHeader('zooserve-model-zxid', zxid);
      response.end(JSON.stringify({ model_version: named, outputs: [{ name: 'probabilities', data }] }));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const load = new CheckedLoad(`http://127.0.0.1:${port}`, IRIS, 1);
  while (load.answered < answers.length + 2) await new Promise(setImmediate);
  const result = await load.stop();
  server.close();
  return result;
}

/** Which held-out rows those are. */
function rowsOf(data: readonly number[]): number[] {
  const width = IRIS.rows[0]?.length ?? 0;
  return Array.from({ length: data.length / width }, (_, i) => {
    const text = JSON.stringify(data.slice(i * width, (i + 1) * width));
    return IRIS.rows.findIndex((row) => JSON.stringify(row) === text);
  });
}

const PROMOTIONS = new Map([
  [OLDER, '1'],
  [NEWER, '2'],
]);

test('an answer is mixed when its numbers are not those of the version that it names', async () => {
  const result = await loadOn([TRUE, { ...TRUE, numbersOf: '1' }]);
  expect(result).toMatchObject({ failed: 0, mixed: 1, wentBack: 0 });
  expect(misnamed(result, PROMOTIONS)).toEqual([]);
});

test('answers that name another version than was promoted are counted, each of them', async () => {
  const wrong = { zxid: NEWER, named: '1', numbersOf: '1' };
  const result = await loadOn([TRUE, wrong, wrong, wrong]);
  expect(result).toMatchObject({ failed: 0, mixed: 0, wentBack: 0 });
  expect(misnamed(result, PROMOTIONS)).toEqual([{ zxid: NEWER, promoted: '2', named: '1', answers: 3 }]);
});

test('so are answers under a promotion that nobody wrote', async () => {
  const zxid = '0000000000000003';
  const { byPromotion } = await loadOn([
    { ...TRUE, zxid },
    { ...TRUE, zxid },
  ]);
  expect(misnamed({ byPromotion }, PROMOTIONS)).toEqual([
    { zxid, promoted: undefined, named: '2', answers: 2 },
  ]);
});

test('an answer under an older promotion than one before it went back', async () => {
  const older = { zxid: OLDER, named: '1', numbersOf: '1' };
  const result = await loadOn([older, TRUE, older, TRUE]);
  expect(result).toMatchObject({ failed: 0, mixed: 0, wentBack: 1 });
  expect(misnamed(result, PROMOTIONS)).toEqual([]);
});
