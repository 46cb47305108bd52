import { describe, expect, test } from 'vitest';
import { actionsIssuer, apiUrl, hasAttestations, normalHost, tenantOf } from './hosts.ts';

describe('a host', () => {
  test.each([
    ['GitHub.com', 'github.com', undefined, true],
    ['api.github.com', 'github.com', undefined, true],
    ['acme.ghe.com', 'acme.ghe.com', 'acme', true],
    ['API.acme.GHE.com', 'acme.ghe.com', 'acme', true],
    ['ghe.com', 'ghe.com', undefined, false],
    ['github.example', 'github.example', undefined, false],
    ['notgithub.com', 'notgithub.com', undefined, false],
    ['acme.ghe.com.example', 'acme.ghe.com.example', undefined, false],
  ])('%s', (host, normal, tenant, supported) => {
    expect([normalHost(host), tenantOf(host), hasAttestations(host)]).toEqual([normal, tenant, supported]);
  });

  test.each([
    ['github.com', 'https://api.github.com'],
    ['acme.ghe.com', 'https://api.acme.ghe.com'],
  ])('the API of %s', (host, api) => {
    expect(apiUrl(host)).toBe(api);
  });

  test('tenants have an issuer of their own', () => {
    expect([actionsIssuer(undefined), actionsIssuer('acme')]).toEqual(['https://token.actions.githubusercontent.com', 'https://token.actions.acme.ghe.com']);
  });
});
