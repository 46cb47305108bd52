/** An issuer for tests: its own folder, a clock that stands still until it is set, mounted below `/oidc` as in the process. */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { Hono } from 'hono';
import { createLocalJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import { pino } from 'pino';
import { expect } from 'vitest';
import { type OidcService, openOidc } from '../src/oidc/oidc.ts';
import { type OidcKey, oidcKey } from '../src/oidc/oidc-key.ts';
import { type Disk, openDisk } from '../src/store/disk.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface TestIssuer {
  readonly service: OidcService;
  readonly baseUrl: string;
  readonly key: OidcKey;
  readonly disk: Disk;
  now: Date;
  fetch(request: Request): Promise<Response>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  /** A form, as a program sends it. */
  post(path: string, form: Form, headers?: Record<string, string>): Promise<Response>;
  /** A form, as a browser on our page sends it. */
  send(path: string, form: Form): Promise<Response>;
  /** The claims, after the signature was checked with the published keys of the issuer in the token. */
  verify(token: string): Promise<JWTPayload>;
}

export type Form = Record<string, string> | [string, string][];

export async function openIssuer({
  origin = 'http://127.0.0.1:4100',
  disk = openDisk(temporaryFolder()),
  key,
}: Partial<IssuerOptions> = {}): Promise<TestIssuer> {
  const baseUrl = `${origin}/oidc`;
  const active = key ?? (await newKey());
  const clock = (): Date => issuer.now;
  const service = await openOidc({ disk, clock, baseUrl, log: pino({ level: 'silent' }), keys: [active] });
  const app = new Hono().route('/oidc', service.app);
  const fetch = async (request: Request): Promise<Response> => app.fetch(request);
  const post: TestIssuer['post'] = (path, form, headers = {}) =>
    fetch(new Request(baseUrl + path, { method: 'POST', body: new URLSearchParams(form), headers }));
  const issuer: TestIssuer = {
    service,
    baseUrl,
    key: active,
    disk,
    now: new Date(),
    fetch,
    get: (path, headers = {}) => fetch(new Request(baseUrl + path, { headers })),
    post,
    send: (path, form) => post(path, form, { Origin: origin, 'Sec-Fetch-Site': 'same-origin' }),
    verify: async (token) => {
      const { iss = '' } = decodeJwt(token);
      const { jwks_uri } = (await (await fetch(new Request(`${iss}/.well-known/openid-configuration`))).json()) as { jwks_uri: string };
      const keys = createLocalJWKSet(await (await fetch(new Request(jwks_uri))).json());
      const { payload } = await jwtVerify(token, keys, { algorithms: ['RS256'], issuer: iss, currentDate: issuer.now });
      return payload;
    },
  };
  return issuer;
}

interface IssuerOptions {
  readonly origin: string;
  readonly disk: Disk;
  readonly key: OidcKey;
}

export function newKey(): Promise<OidcKey> {
  return oidcKey(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
}

/** The values of the fields that a page shows. */
export function fieldsOf(page: string): Record<string, string> {
  const inputs = [...page.matchAll(/<input\b[^>]*>/g)].map(([input]) => [attribute(input, 'name'), attribute(input, 'value')] as const);
  return Object.fromEntries(inputs);
}

function attribute(tag: string, name: string): string {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '';
}

export const REDIRECT = 'http://localhost:43117/auth/callback';
export const OUT_OF_BAND = 'urn:ietf:wg:oauth:2.0:oob';
export const VERIFIER = 'verifier-0123456789-0123456789-0123456789-0123';
export const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');
export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

export const ASKED = {
  response_type: 'code',
  client_id: 'sigstore',
  scope: 'openid email',
  redirect_uri: REDIRECT,
  state: 'state',
  nonce: 'nonce',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
};

export function authorize(issuer: TestIssuer, changes: Record<string, string | undefined> = {}, more = ''): Promise<Response> {
  const query = Object.entries({ ...ASKED, ...changes }).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return issuer.get(`/auth?${new URLSearchParams(query)}${more}`);
}

export async function logIn(issuer: TestIssuer, changes: Record<string, string | undefined> = {}, credentials: Record<string, string> = {}): Promise<Response> {
  const page = await authorize(issuer, changes);
  expect(page.status).toBe(200);
  return issuer.send('/login', { ...fieldsOf(await page.text()), email: 'jane@example.com', ...credentials });
}

export async function codeOf(issuer: TestIssuer, changes: Record<string, string | undefined> = {}): Promise<string> {
  const answer = await logIn(issuer, changes);
  return new URL(answer.headers.get('Location') ?? '').searchParams.get('code') ?? '';
}

export function tokenRequest(code: string, changes: Record<string, string | undefined> = {}): Form {
  const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT, code_verifier: VERIFIER, client_id: 'sigstore', ...changes };
  return Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined);
}

export const basic = (name: string, password: string) => ({ Authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` });
export const issued = (issuer: TestIssuer): number | undefined => issuer.service.stats?.()['tokens_issued'];
