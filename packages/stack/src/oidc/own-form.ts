/**
 * Forms that only our own pages can send. A hidden field seals what the form is for (which authorization request, or the device page) with
 * a secret of this process, so that nothing has to be remembered for pages that nobody sends; and the browser must say that the form came
 * from here. Both, because the seal alone can be fetched by whoever can reach the issuer.
 */
import { randomBytes } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import type { Clock } from '../service.ts';
import { OAuthError } from './oauth-error.ts';
import { type Parameters, readForm } from './parameters.ts';

export interface OwnForms {
  /** The value of the hidden field `form`. */
  seal(purpose: string, content: object): Promise<string>;
  /** Throws `OAuthError`: 403 when another site sent it, 400 when the seal is broken, expired or for another purpose. */
  read<T>(request: Request, purpose: string): Promise<{ readonly content: T; readonly parameters: Parameters; readonly sealed: string }>;
}

/** @param options.onRefused told of every form that another site sent */
export function openOwnForms({ baseUrl, clock, onRefused }: { baseUrl: string; clock: Clock; onRefused: () => void }): OwnForms {
  const secret = randomBytes(32);
  return {
    seal: (purpose, content) => {
      const expires = Math.floor(clock().getTime() / 1000) + LIFE_SECONDS;
      return new SignJWT({ content }).setProtectedHeader({ alg: 'HS256' }).setAudience(purpose).setExpirationTime(expires).sign(secret);
    },
    read: async <T>(request: Request, purpose: string) => {
      if (!isSameOrigin(request, baseUrl)) {
        onRefused();
        throw new OAuthError('access_denied', 'this form was sent from another site', { status: 403 });
      }
      const parameters = await readForm(request);
      const sealed = parameters.required('form');
      const expected = { algorithms: ['HS256'], audience: purpose, currentDate: clock(), requiredClaims: ['exp'] };
      try {
        const { payload } = await jwtVerify<{ content: T }>(sealed, secret, expected);
        return { content: payload.content, parameters, sealed };
      } catch {
        throw new OAuthError('invalid_request', 'this page is out of date; start again');
      }
    },
  };
}

/**
 * A browser sends `Origin` with every form, most also `Sec-Fetch-Site`; what sends neither is no browser with our page, and can say so. That
 * `Host`, which a request's URL is made of, is one of ours is checked for the whole process.
 */
function isSameOrigin(request: Request, baseUrl: string): boolean {
  const origin = request.headers.get('Origin');
  const site = request.headers.get('Sec-Fetch-Site');
  const isOwnOrigin = origin === null || origin === new URL(baseUrl).origin || origin === new URL(request.url).origin;
  const isOwnSite = site === null || site === 'same-origin';
  return isOwnOrigin && isOwnSite && (origin ?? site) !== null;
}

const LIFE_SECONDS = 600;
