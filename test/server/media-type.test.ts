import { checkMediaType } from '../../src/server/media-type';

describe('the content type of an inference request', () => {
  test.each([
    undefined,
    '',
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/octet-stream',
    'application/vnd.kserve+json',
    'application/x-www-form-urlencoded',
    'text/plain;charset=UTF-8',
  ])('%p is read', (contentType) => {
    expect(() => {
      checkMediaType(contentType);
    }).not.toThrow();
  });

  test.each(['text/xml', 'multipart/form-data; boundary=x', 'image/png', 'application/x-protobuf', 'json'])(
    '%p is refused, and told what to send',
    (contentType) => {
      expect(() => {
        checkMediaType(contentType);
      }).toThrow(/is not an inference request; send application\/json/);
    },
  );
});
