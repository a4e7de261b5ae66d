import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { DiagnosticsChannel } from 'undici';
import { CheckedLoad } from '../../bench/checked-load';
import { echo, ZXID } from '../server/fake-plane';
import { serving } from '../server/serving';
import { IRIS } from '../support/infer';

const SENDING = 'undici:client:sendHeaders';

test('a load that has sent its last request has none left that it began, and loses none', async () => {
  await using s = await serving();
  const body = Buffer.from('{"model_version":"1","outputs":[]}');
  s.plane.answer = (asked) => ({ ...echo(asked), body });
  let sent = 0;
  const count = (message: unknown): void => {
    // What undici documents of this channel.
    const { request } = message as DiagnosticsChannel.ClientSendHeadersMessage;
    if (request.origin === s.server.url) sent += 1;
  };
  subscribe(SENDING, count);
  const load = new CheckedLoad(s.server.url, IRIS, 2);
  // Whose answer it was has begun the next request, which the client has not written yet.
  await load.answeredUnder(ZXID);
  await load.sendLast();
  const sentByThen = sent;
  const drained = s.server.drain();
  const { requests, failed } = await load.stop();
  unsubscribe(SENDING, count);
  await drained;
  expect(sentByThen).toBe(requests);
  expect(requests).toBeGreaterThan(2);
  expect(failed).toBe(0);
});
