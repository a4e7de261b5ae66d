import { OPEN, OWN_AND_READABLE, parseAcl } from '../src/acl';
import { ANN, digestId } from './support/identities';

describe('parseAcl', () => {
  it.each([
    ['world:anyone:cdrwa', OPEN],
    ['auth::cdrwa,world:anyone:r', OWN_AND_READABLE],
    [' auth::adrwc , world:anyone:r ', OWN_AND_READABLE],
    [`digest:${digestId(ANN)}:rw`, [{ scheme: 'digest', id: digestId(ANN), permissions: 3 }]],
    ['ip:10.0.0.0/8:r', [{ scheme: 'ip', id: '10.0.0.0/8', permissions: 1 }]],
    ['ip:2001:db8::1:d', [{ scheme: 'ip', id: '2001:db8::1', permissions: 8 }]],
    ['x509:CN=ann:c', [{ scheme: 'x509', id: 'CN=ann', permissions: 4 }]],
    ['sasl:ann@EXAMPLE.ORG:a', [{ scheme: 'sasl', id: 'ann@EXAMPLE.ORG', permissions: 16 }]],
  ])('reads %p', (text, entries) => {
    expect(parseAcl(text)).toEqual(entries);
  });

  it.each([
    ['', /entry 1 should be scheme:id:permissions/],
    ['world:anyone', /entry 1 should be scheme:id:permissions/],
    ['world:anyone:r,', /entry 2 should be scheme:id:permissions/],
    ['wrold:anyone:r', /"wrold" is no scheme; there are world, auth, digest/],
    ['world:ann:r', /world:anyone/],
    ['auth:ann:r', /auth::cdrwa/],
    ['world:anyone:', /some of c, d, r, w and a/],
    ['world:anyone:rx', /some of c, d, r, w and a/],
    ['world:anyone:rr', /each once/],
    ['ip:10.0.0.0/33:r', /address\/bits/],
    ['ip:10.0.0.0/8/8:r', /address\/bits/],
    ['ip:zk1:r', /address\/bits/],
    ['x509::r', /name in the certificate/],
    ['sasl::r', /principal/],
    ['world:anyone:r,auth::r,world:anyone:w', /entry 3 is for an identity that has one already/],
  ])('refuses %p', (text, message) => {
    expect(() => parseAcl(text)).toThrow(message);
  });

  it.each([
    'digest:ann:first-secret:cdrwa',
    'digest:ann:first-secret',
    'ann:first-secret',
    'ann:first-secret:r',
  ])('refuses a password in clear and does not show it: %p', (text) => {
    expect(() => parseAcl(text)).toThrow(/entry 1/);
    expect(() => parseAcl(text)).not.toThrow(/first-secret/);
  });
});
