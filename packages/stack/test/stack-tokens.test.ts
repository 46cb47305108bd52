/** Tokens that a whole stack must not certify, whose own issuer they claim to come from: the refusal over HTTP, and nothing certified or logged. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { generateKey } from '@assay/make';
import { type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oidcKey } from '../src/oidc/index.ts';
import { mintRequestToken } from '../src/oidc/request-token.ts';
import { keyRequest } from './certificate-request.ts';
import { ASKED, CHALLENGE, fieldsOf, tokenRequest } from './login-page-issuer.ts';
import { type Answer, openWholeStack, type WholeStack } from './whole-stack.ts';

const EMAIL = 'jane@example.com';
const KEY = generateKey('p256');
const folder = mkdtempSync(join(tmpdir(), 'assay-stack-tokens-'));
let whole: WholeStack;
/** The issuer's, as whoever can read the folder has it. */
let issuerKey: KeyObject;
let keyId: string;

beforeAll(async () => {
  whole = await openWholeStack(folder);
  issuerKey = createPrivateKey(readFileSync(join(folder, 'keys/oidc-1.pem')));
  ({ keyId } = await oidcKey(issuerKey));
});

afterAll(async () => {
  await whole.stack.close();
  rmSync(folder, { recursive: true });
});

interface TokenParts {
  readonly claims: JWTPayload;
  readonly header: { alg: string; kid?: string };
  readonly key: KeyObject | Uint8Array;
}

/** A good token but for what is changed; an undefined claim is left out. */
async function token({ claims = {}, header = {}, key = issuerKey }: { claims?: object; header?: object; key?: TokenParts['key'] } = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const issuer = { iss: `${whole.origin}/oidc`, aud: 'sigstore', sub: EMAIL, email: EMAIL, email_verified: true, iat: now, exp: now + 300 };
  return new SignJWT({ ...issuer, ...claims }).setProtectedHeader({ alg: 'RS256', kid: keyId, ...header }).sign(key);
}

function certify(identityToken: string, challenge = EMAIL): Promise<Answer> {
  const body = JSON.stringify(keyRequest(identityToken, challenge, KEY));
  return whole.ask('/api/v2/signingCert', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
}

const counts = async () => Promise.all(['fulcio_issued', 'ctlog_tree_size', 'oidc_tokens_issued'].map((name) => whole.count(name)));

const seconds = (offset: number): number => Math.floor(Date.now() / 1000) + offset;
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const publicPem = (): Uint8Array => utf8(createPublicKey(issuerKey).export({ type: 'spki', format: 'pem' }) as string);

async function unsigned(): Promise<string> {
  const [, payload = ''] = (await token()).split('.');
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
}

async function withSignatureOf(other: string): Promise<string> {
  return [...(await token()).split('.').slice(0, 2), other.split('.')[2]].join('.');
}

describe('not certified:', () => {
  test.each<[string, () => Promise<string>, string | RegExp]>([
    ['another audience', () => token({ claims: { aud: 'other' } }), 'expected audience "sigstore" got "other"'],
    ['no audience', () => token({ claims: { aud: undefined } }), 'expected audience "sigstore" got nothing'],
    ['an issuer elsewhere', () => token({ claims: { iss: 'https://issuer.example' } }), 'the issuer "https://issuer.example" is not configured'],
    ['an issuer below ours that there is not', () => token({ claims: { iss: `${whole.origin}/oidc/x` } }), /the issuer ".*\/oidc\/x" is not configured/],
    [
      'a person as the emulated GitHub, which has the same keys',
      () => token({ claims: { iss: `${whole.origin}/oidc/github` } }),
      /^missing job_workflow_ref claim/,
    ],
    ['a person as the emulated SPIFFE', () => token({ claims: { iss: `${whole.origin}/oidc/spiffe` } }), 'invalid spiffe ID provided: jane@example.com'],
    ["a stranger's signature under our key id", () => token({ key: stranger }), 'its signature does not verify'],
    ["a stranger's signature under his key id", () => token({ key: stranger, header: { kid: 'stranger' } }), 'its issuer has no RS256 key "stranger"'],
    ['the signature of another token', async () => withSignatureOf(await token({ claims: { sub: 'x' } })), 'its signature does not verify'],
    ['no signature', unsigned, 'it is signed with "none", and accepted is "RS256"'],
    ['our public key as a shared secret', () => token({ header: { alg: 'HS256' }, key: publicPem() }), 'it is signed with "HS256", and accepted is "RS256"'],
    ['another algorithm with the right key', () => token({ header: { alg: 'RS512' } }), 'it is signed with "RS512", and accepted is "RS256"'],
    ['one that has expired', () => token({ claims: { exp: seconds(-1) } }), /^token is expired/],
    ['one that never expires', () => token({ claims: { exp: undefined } }), 'missing exp claim in ID token'],
    ['one that is not valid yet', () => token({ claims: { nbf: seconds(400) } }), /^token is not valid before/],
    ['one that was made in the future', () => token({ claims: { iat: seconds(400) } }), /^token is issued at/],
    ['an address that is not verified', () => token({ claims: { email_verified: false } }), 'email_verified claim was false'],
    ['an address that is none', () => token({ claims: { email: 'jane' } }), 'email address is not valid'],
    ['no address', () => token({ claims: { email: undefined } }), 'missing email claim in ID token'],
    [
      'a request token of GitHub Actions',
      async () =>
        mintRequestToken(
          await oidcKey(issuerKey),
          { kind: 'github', repository: 'o/r', workflow: 'x.yml' },
          { baseUrl: `${whole.origin}/oidc`, now: new Date() },
        ),
      /^expected audience "sigstore" got "http:.*\/oidc\/github\/token"$/,
    ],
    ['nothing', async () => '', 'the request has none'],
  ])('%s', async (_, make, reason) => {
    const before = await counts();
    const { status, json } = await certify(await make());
    const prefix = 'There was an error processing the identity token: ';
    expect({ status, json }).toEqual({ status: 400, json: { code: 3, message: expect.stringContaining(prefix), details: [] } });
    const told = (json as { message: string }).message.slice(prefix.length);
    if (typeof reason === 'string') expect(told).toBe(reason);
    else expect(told).toMatch(reason);
    expect(await counts()).toEqual(before);
  });

  test('a good token with a proof over something else', async () => {
    const before = await counts();
    expect(await certify(await token(), 'joe@example.com')).toMatchObject({
      status: 400,
      json: { code: 3, message: 'The signature supplied in the request could not be verified' },
    });
    expect(await counts()).toEqual(before);
  });
});

test('a good token is certified, once for each time that it is shown', async () => {
  const [issued = 0, logged = 0] = await counts();
  const good = await token();
  expect((await certify(good)).status).toBe(200);
  expect((await certify(good)).status).toBe(200);
  expect((await counts()).slice(0, 2)).toEqual([issued + 2, logged + 2]);
});

describe('a code', () => {
  /** As a browser on our page logs in. */
  async function newCode(): Promise<string> {
    const page = await whole.ask(`/oidc/auth?${new URLSearchParams(ASKED)}`);
    const form = new URLSearchParams({ ...fieldsOf(page.text), email: EMAIL }).toString();
    const headers = { 'Content-Type': FORM, Origin: whole.origin, 'Sec-Fetch-Site': 'same-origin' };
    const { headers: answered } = await whole.ask('/oidc/login', { method: 'POST', headers, body: form });
    return new URL(answered.location ?? '').searchParams.get('code') ?? '';
  }
  const redeem = (code: string, changes: Record<string, string | undefined> = {}): Promise<Answer> => {
    const body = new URLSearchParams(tokenRequest(code, changes) as [string, string][]).toString();
    return whole.ask('/oidc/token', { method: 'POST', headers: { 'Content-Type': FORM }, body });
  };
  const FORM = 'application/x-www-form-urlencoded';
  const refused = { status: 400, json: { error: 'invalid_grant', error_description: expect.any(String) } };

  test('is worth one token, which is certified; replayed it is worth nothing', async () => {
    const code = await newCode();
    const answer = await redeem(code);
    expect(answer.status).toBe(200);
    expect((await certify((answer.json as { id_token: string }).id_token)).status).toBe(200);
    const before = await counts();
    expect(await redeem(code)).toMatchObject(refused);
    expect(await counts()).toEqual(before);
  });

  test.each([
    ['a wrong verifier', { code_verifier: 'x'.repeat(43) }],
    ['the challenge for the verifier', { code_verifier: CHALLENGE }],
    ['no verifier', { code_verifier: undefined }],
  ])('with %s is worth nothing, then and later', async (_, changes) => {
    const code = await newCode();
    const before = await counts();
    expect(await redeem(code, changes)).toMatchObject(refused);
    expect(await redeem(code)).toMatchObject(refused);
    expect(await counts()).toEqual(before);
  });
});
