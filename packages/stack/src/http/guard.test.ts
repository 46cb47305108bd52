import { describe, expect, test } from 'vitest';
import { guardOrigin, ownHosts } from './guard.ts';

const HOSTS = ownHosts('http://sigstore.example:8080', 4100);

describe('browsers of other sites', () => {
  test.each<[string, string, Record<string, string>]>([
    ['a client that is no browser', 'POST', { Host: '127.0.0.1:4100' }],
    ['a client under the name localhost', 'GET', { Host: 'localhost:4100' }],
    ['a client under the public name', 'POST', { Host: 'sigstore.example:8080' }],
    ['our own page', 'POST', { Host: '127.0.0.1:4100', Origin: 'http://127.0.0.1:4100', 'Sec-Fetch-Site': 'same-origin' }],
    ['a link from another site', 'GET', { Host: '127.0.0.1:4100', 'Sec-Fetch-Site': 'cross-site' }],
  ])('%s is let through', (_name, method, headers) => {
    expect(() => guardOrigin(new Request('http://127.0.0.1:4100/v2/', { method, headers }), HOSTS)).not.toThrow();
  });

  test.each<[string, string, Record<string, string>]>([
    ['a script of another origin', 'POST', { Host: '127.0.0.1:4100', Origin: 'https://attacker.example' }],
    ['a script of another port', 'POST', { Host: '127.0.0.1:4100', Origin: 'http://127.0.0.1:9999' }],
    ['a sandboxed page', 'POST', { Host: '127.0.0.1:4100', Origin: 'null' }],
    ['a form of another site', 'POST', { Host: '127.0.0.1:4100', 'Sec-Fetch-Site': 'cross-site' }],
    ['a name that was made to resolve to loopback', 'GET', { Host: 'attacker.example:4100' }],
    ['the right name with another port', 'GET', { Host: '127.0.0.1:4101' }],
  ])('%s is refused', (_name, method, headers) => {
    expect(() => guardOrigin(new Request('http://127.0.0.1:4100/v2/', { method, headers }), HOSTS)).toThrow(expect.objectContaining({ status: 403 }));
  });
});
