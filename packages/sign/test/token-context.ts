/** The world of an identity token for tests: no variables, no files, no sockets, a clock that stands still, and no waiting. */
import { createHttpClient } from '@assay/net';
import type { TokenContext } from '../src/identity/index.ts';
import { NOW } from './fake-issuer.ts';

export interface ContextForTest extends TokenContext {
  readonly notices: string[];
  /** Milliseconds. */
  readonly sleeps: number[];
}

export function tokenContext(given: Partial<TokenContext> = {}): ContextForTest {
  const notices: string[] = [];
  const sleeps: number[] = [];
  return {
    notices,
    sleeps,
    environment: {},
    http: createHttpClient({ sleep: async () => undefined }),
    now: () => NOW,
    onNotice: (text) => void notices.push(text),
    sleep: async (ms) => void sleeps.push(ms),
    ...given,
    places: { tokenFile: NOWHERE, spiffeSocket: NOWHERE, productName: NOWHERE, googleIam: NOBODY, googleOauth: NOBODY, ...given.places },
  };
}

/** A token that only parses: three parts, and nobody's signature. */
export function unsignedToken(claims: object = {}, header: object = { alg: 'RS256' }): string {
  const seconds = NOW.getTime() / 1000;
  const all = { iss: 'https://issuer.example', sub: 'someone', aud: 'sigstore', iat: seconds, exp: seconds + 600, ...claims };
  return [JSON.stringify(header), JSON.stringify(all), 'signature'].map((part) => Buffer.from(part).toString('base64url')).join('.');
}

const NOWHERE = '/nowhere/at/all';
/** The discard port, where nobody listens. */
const NOBODY = 'http://127.0.0.1:9';
