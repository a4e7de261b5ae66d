import { parseConnectString } from '../../src/streams/connect-string';

describe('parseConnectString', () => {
  it.each([
    ['zk1', [{ host: 'zk1', port: 2181 }], ''],
    ['127.0.0.1:2182', [{ host: '127.0.0.1', port: 2182 }], ''],
    ['zk1:1/', [{ host: 'zk1', port: 1 }], ''],
    [
      'zk1:2181, zk2:2182/a/b',
      [
        { host: 'zk1', port: 2181 },
        { host: 'zk2', port: 2182 },
      ],
      '/a/b',
    ],
    [
      '[::1]:2183,[fe80::2]',
      [
        { host: '::1', port: 2183 },
        { host: 'fe80::2', port: 2181 },
      ],
      '',
    ],
  ])('reads %j', (text, servers, chroot) => {
    expect(parseConnectString(text)).toEqual({ servers, chroot });
  });

  it.each(['', '/a', 'zk1,,zk2', 'zk1:', 'zk1:0', 'zk1:65536', 'zk1:x', 'a b:1', '::1', '[::1'])(
    'refuses %j and says what is wrong with it',
    (text) => {
      expect(() => parseConnectString(text)).toThrow(/should be host:port/);
    },
  );

  it.each(['zk1/a/', 'zk1/a//b', 'zk1/../a'])('refuses the chroot of %j', (text) => {
    expect(() => parseConnectString(text)).toThrow(/is no znode path/);
  });
});
