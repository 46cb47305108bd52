import { describe, expect, test } from 'vitest';
import { isTrustedRedirect } from './redirect-uri.ts';

describe('a redirect is trusted', () => {
  test.each([
    ['of cosign and sigstore-python', 'http://localhost:43117/auth/callback'],
    ['at the lowest port', 'http://localhost:1/auth/callback'],
    ['at the highest port', 'http://localhost:65535/auth/callback'],
    ['at the loopback address', 'http://127.0.0.1:8080/'],
    ['at the loopback address, with any path', 'http://127.0.0.1:8080/auth/callback/'],
    ['out of band', 'urn:ietf:wg:oauth:2.0:oob'],
  ])('%s: %s', (_, uri) => expect(isTrustedRedirect(uri)).toBe(true));
});

describe('a redirect is not trusted', () => {
  test.each([
    ['on another host', 'http://example.com:8080/auth/callback'],
    ['on a host that begins like ours', 'http://localhost.example.com:8080/auth/callback'],
    ['on an address that begins like ours', 'http://127.0.0.1.example.com:8080/'],
    ['on another loopback address', 'http://127.0.0.2:8080/'],
    ['on the same address in another notation', 'http://2130706433:8080/'],
    ['on IPv6 loopback', 'http://[::1]:8080/auth/callback'],
    ['with userinfo', 'http://localhost:8080@example.com/auth/callback'],
    ['with userinfo before our host', 'http://user@localhost:8080/auth/callback'],
    ['with a password before our host', 'http://user:pass@127.0.0.1:8080/'],
    ['with a fragment', 'http://127.0.0.1:8080/#there'],
    ['with a query', 'http://127.0.0.1:8080/?next=there'],
    ['with an encoded slash', 'http://127.0.0.1:8080/a%2fb'],
    ['with an encoded slash in the known path', 'http://localhost:8080/auth%2Fcallback'],
    ['with a backslash', 'http://127.0.0.1:8080\\@example.com/'],
    ['with a step up', 'http://127.0.0.1:8080/a/../b'],
    ['with a step up at the end', 'http://127.0.0.1:8080/..'],
    ['with a single dot', 'http://127.0.0.1:8080/./b'],
    ['over https', 'https://localhost:8080/auth/callback'],
    ['in capitals', 'HTTP://LOCALHOST:8080/auth/callback'],
    ['without a port', 'http://localhost/auth/callback'],
    ['with an empty port', 'http://localhost:/auth/callback'],
    ['with port 0', 'http://localhost:0/auth/callback'],
    ['with a port beyond 65535', 'http://localhost:65536/auth/callback'],
    ['with another path on localhost', 'http://localhost:8080/'],
    ['with more behind the known path', 'http://localhost:8080/auth/callback/more'],
    ['without a path', 'http://127.0.0.1:8080'],
    ['with a line break', 'http://127.0.0.1:8080/\nSet-Cookie'],
    ['with a line break at the end', 'http://localhost:8080/auth/callback\n'],
    ['with a space before it', ' http://localhost:8080/auth/callback'],
    ['of another scheme', 'javascript://localhost:8080/auth/callback'],
    ['with more behind the out-of-band name', 'urn:ietf:wg:oauth:2.0:oob:auto'],
    ['empty', ''],
  ])('%s: %j', (_, uri) => expect(isTrustedRedirect(uri)).toBe(false));

  test('and a long hostile one is refused at once', () => expect(isTrustedRedirect(`http://127.0.0.1:8080/${'/a.'.repeat(50_000)}%`)).toBe(false));
});
