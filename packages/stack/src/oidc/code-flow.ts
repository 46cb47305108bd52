/** The authorization code flow (RFC 6749 section 4.1): a page where the person logs in, a code to the program, and who that was for the code. */
import { randomBytes } from 'node:crypto';
import type { Hono } from 'hono';
import type { Clock } from '../service.ts';
import { type AuthorizationRequest, type ReplyTo, readAuthorizationRequest, readReplyTo } from './authorization-request.ts';
import { PATHS } from './discovery.ts';
import type { Login, LoginProblem } from './login.ts';
import { OAuthError } from './oauth-error.ts';
import type { OwnForms } from './own-form.ts';
import { codePage, loginPage } from './pages.ts';
import { type Parameters, queryOf } from './parameters.ts';
import { verifyPkce } from './pkce.ts';
import { OUT_OF_BAND, withQuery } from './redirect-uri.ts';
import { ShortLived } from './short-lived.ts';

export interface Redeemed {
  readonly email: string;
  readonly nonce?: string | undefined;
}

export interface CodeFlow {
  addPages(pages: Hono): void;
  /** Who logged in, for the code in a token request. Throws `OAuthError` `invalid_grant`. */
  redeem(form: Parameters): Redeemed;
  clear(): void;
}

export interface FlowParts {
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly login: Login;
  readonly forms: OwnForms;
}

export function openCodeFlow({ baseUrl, clock, login, forms }: FlowParts): CodeFlow {
  const codes = new ShortLived<AuthorizationRequest & { email: string }>({ lifeMs: CODE_LIFE_MS, capacity: MAX_CODES, clock });
  const action = new URL(baseUrl).pathname + PATHS.login;

  const showForm = async (
    asked: AuthorizationRequest,
    again: { sealed?: string; email?: string | undefined; problem?: LoginProblem } = {},
  ): Promise<Response> => {
    const sealed = again.sealed ?? (await forms.seal(PURPOSE, asked));
    return loginPage({ ...again, sealed, action, needsPassword: await login.needsPassword(), redirectUri: asked.redirectUri });
  };

  const sendCode = (asked: AuthorizationRequest, email: string): Response | Promise<Response> => {
    const code = randomBytes(32).toString('base64url');
    if (!codes.add(code, { ...asked, email }))
      return refuseAt(asked, new OAuthError('temporarily_unavailable', 'too many logins are under way', { status: 503 }));
    return asked.redirectUri === OUT_OF_BAND ? codePage(code) : redirect(withQuery(asked.redirectUri, { code, state: asked.state }));
  };

  return {
    addPages: (pages) => {
      pages.get(PATHS.authorize, async (c) => {
        const query = queryOf(c.req.raw);
        const replyTo = readReplyTo(query);
        try {
          return await showForm(readAuthorizationRequest(query, replyTo));
        } catch (error) {
          return refuseAt(replyTo, error);
        }
      });
      pages.post(PATHS.login, async (c) => {
        const { content: asked, parameters, sealed } = await forms.read<AuthorizationRequest>(c.req.raw, PURPOSE);
        const outcome = await login.attempt(parameters);
        if ('email' in outcome) return sendCode(asked, outcome.email);
        return showForm(asked, { sealed, email: parameters.optional('email'), problem: outcome });
      });
    },
    redeem: (form) => {
      // Gone with the first who shows it, right or wrong: a code that was seen by two is worth nothing.
      const granted = codes.take(form.required('code'));
      if (granted === undefined) throw new OAuthError('invalid_grant', 'the code is unknown, used or expired');
      if (form.required('redirect_uri') !== granted.redirectUri) throw new OAuthError('invalid_grant', 'redirect_uri is not the one that the code was sent to');
      verifyPkce(granted.challenge, form);
      return granted;
    },
    clear: () => codes.clear(),
  };
}

/** Where the program listens, or, when it cannot be told, on a page. */
function refuseAt({ redirectUri, state }: ReplyTo, error: unknown): Response {
  if (!(error instanceof OAuthError) || redirectUri === OUT_OF_BAND) throw error;
  return redirect(withQuery(redirectUri, { error: error.code, error_description: error.message, state }));
}

function redirect(location: string): Response {
  return new Response(null, { status: 303, headers: { Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' } });
}

const PURPOSE = 'login';
/** Long enough to carry a code from the page to a terminal by hand; `codePage` tells it. */
const CODE_LIFE_MS = 120_000;
const MAX_CODES = 1000;
