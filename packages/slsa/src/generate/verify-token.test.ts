import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { isTrustError, utf8 } from '@assay/core';
import type { HttpClient } from '@assay/net';
import { describe, expect, test } from 'vitest';
import { verifyTokenSignature } from './verify-token.ts';

const ISSUER = 'https://token.example';
const KEYS = `${ISSUER}/keys`;
const DISCOVERY = `${ISSUER}/.well-known/openid-configuration`;
const [own, other] = [2048, 2048].map((modulusLength) => generateKeyPairSync('rsa', { modulusLength })) as [
  { privateKey: KeyObject; publicKey: KeyObject },
  { privateKey: KeyObject },
];

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

const NOW = new Date('2026-06-01T12:00:00Z');
const CLAIMS = { iss: ISSUER, sub: 'x', aud: 'nobody', exp: NOW.getTime() / 1000 + 300 };

function tokenOf(header: object = { alg: 'RS256', kid: 'a' }, key = own.privateKey, claims: object = CLAIMS): string {
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createSign('sha256').update(signed).sign(key).toString('base64url')}`;
}

const ANSWERS = { [DISCOVERY]: { issuer: ISSUER, jwks_uri: KEYS }, [KEYS]: { keys: [{ ...own.publicKey.export({ format: 'jwk' }), kid: 'a', alg: 'RS256' }] } };

function http(answers: Readonly<Record<string, object>>, landed?: string): HttpClient {
  return {
    async request(url) {
      const answer = answers[String(url)];
      return { status: answer === undefined ? 404 : 200, headers: {}, url: landed ?? String(url), body: utf8(JSON.stringify(answer ?? {})) };
    },
    stream: () => Promise.reject(new Error('not asked for')),
    close: () => undefined,
  };
}

const verdict = async (raw: string, client = http(ANSWERS), issuer = ISSUER): Promise<string> => {
  try {
    await verifyTokenSignature({ raw, issuer: ISSUER }, { issuer, audience: 'nobody', http: client, now: NOW });
  } catch (error) {
    if (isTrustError(error) && error.code === 'PROVENANCE_ENVIRONMENT') return error.message;
    throw error;
  }
  return 'believed';
};

describe('a token that no authority has verified', () => {
  test('is believed when its issuer signed it', async () => expect(await verdict(tokenOf())).toBe('believed'));

  test('is believed when its issuer is a second ahead', async () =>
    expect(await verdict(tokenOf(undefined, undefined, { ...CLAIMS, nbf: NOW.getTime() / 1000 + 1 }))).toBe('believed'));

  test.each<[string, () => Promise<string>, RegExp]>([
    ['with another key', () => verdict(tokenOf(undefined, other.privateKey)), /signature verification failed/],
    [
      'with other claims under the signature',
      () => verdict(tokenOf().replace(/\.[^.]+\./, `.${part({ ...CLAIMS, sub: 'y' })}.`)),
      /signature verification failed/,
    ],
    ['with an unknown key', () => verdict(tokenOf({ alg: 'RS256', kid: 'b' })), /no applicable key/],
    ['with a shared secret', () => verdict(tokenOf({ alg: 'HS256', kid: 'a' })), /"alg"/],
    ['with nothing', () => verdict(tokenOf({ alg: 'none', kid: 'a' })), /"alg"/],
    ['and is of an issuer that nobody named', () => verdict(tokenOf(), http(ANSWERS), 'https://other.example'), /another issuer/],
    [
      'by an issuer that calls itself otherwise',
      () => verdict(tokenOf(), http({ ...ANSWERS, [DISCOVERY]: { issuer: 'https://x.example', jwks_uri: KEYS } })),
      /calls itself otherwise/,
    ],
    [
      'by an issuer whose keys are in plain text',
      () => verdict(tokenOf(), http({ [DISCOVERY]: { issuer: ISSUER, jwks_uri: 'http://token.example/keys' } })),
      /https/,
    ],
    ['by an issuer that redirects elsewhere', () => verdict(tokenOf(), http(ANSWERS, 'https://evil.example/x')), /redirects to another host/],
    ['by an issuer that is not there', () => verdict(tokenOf(), http({})), /HTTP 404/],
    [
      'by an issuer with a broken key',
      () => verdict(tokenOf(), http({ ...ANSWERS, [KEYS]: { keys: [{ kty: 'RSA', kid: 'a', n: 'AQ', e: 'AQ' }] } })),
      /not believed/,
    ],
    ['by an issuer that answers no keys', () => verdict(tokenOf(), http({ ...ANSWERS, [KEYS]: { keys: 7 } })), /expected/],
  ])('is refused when it is signed %s', async (_, attempt, message) => expect(await attempt()).toMatch(message));

  test.each<[string, object, RegExp]>([
    ['has expired', { ...CLAIMS, exp: NOW.getTime() / 1000 - 6 }, /"exp"/],
    ['is not valid yet', { ...CLAIMS, nbf: NOW.getTime() / 1000 + 6 }, /"nbf"/],
    ['never expires', { ...CLAIMS, exp: undefined }, /"exp"/],
    ['is for somebody else', { ...CLAIMS, aud: 'sigstore' }, /"aud"/],
    ['says that it is of another issuer', { ...CLAIMS, iss: 'https://other.example' }, /"iss"/],
  ])('is refused when it %s', async (_, claims, message) => expect(await verdict(tokenOf(undefined, undefined, claims))).toMatch(message));

  test('is in no message', async () => {
    const raw = tokenOf(undefined, other.privateKey);
    expect(await verdict(raw)).not.toContain(raw.slice(-20));
  });
});
