/** The device flow (RFC 8628): what the program asks, and the page where the person enters the code that the program shows. */
import type { Hono } from 'hono';
import { AttemptLimit } from './attempt-limit.ts';
import type { FlowParts, Redeemed } from './code-flow.ts';
import { type DeviceAnswer, DeviceGrants } from './device-grants.ts';
import { PATHS } from './discovery.ts';
import { type LoginOutcome, type LoginProblem, TOO_MANY } from './login.ts';
import { decidedPage, devicePage } from './pages.ts';
import { type Parameters, queryOf } from './parameters.ts';
import { readChallenge, verifyPkce } from './pkce.ts';

export interface DeviceFlow {
  addPages(pages: Hono): void;
  /** Of a device authorization request. Throws `OAuthError`. */
  begin(form: Parameters): DeviceAnswer & { readonly verification_uri: string; readonly verification_uri_complete: string };
  /** Who logged in, for the device code in a token request. Throws `OAuthError` of RFC 8628 section 3.5. */
  redeem(form: Parameters): Redeemed;
  clear(): void;
}

export function openDeviceFlow({ baseUrl, clock, login, forms }: FlowParts): DeviceFlow {
  const grants = new DeviceGrants(clock);
  const pageUrl = baseUrl + PATHS.device;
  // Guessing a user code means to log in on somebody else's device, or to end his login (RFC 8628 section 5.1).
  const guesses = new AttemptLimit({ attempts: 20, windowMs: 60_000, names: 1, clock });

  const decide = async (form: Parameters): Promise<Decision | LoginProblem> => {
    const userCode = form.optional('user_code') ?? '';
    if (!guesses.begin(ANYONE)) return TOO_MANY;
    if (grants.awaiting(userCode) === undefined)
      return { status: 400, problem: 'This code is not known, was used, or has expired. Compare it with what the program shows.' };
    guesses.succeeded(ANYONE);
    // To say no needs no proof of who says it.
    if (form.optional('decision') === 'deny') {
      grants.decide(userCode, 'denied');
      return 'denied';
    }
    const outcome: LoginOutcome = await login.attempt(form);
    if ('problem' in outcome) return outcome;
    grants.decide(userCode, outcome);
    return 'allowed';
  };

  return {
    addPages: (pages) => {
      const common = async () => ({ action: new URL(pageUrl).pathname, needsPassword: await login.needsPassword() });
      pages.get(PATHS.device, async (c) => {
        const userCode = queryOf(c.req.raw).optional('user_code');
        return devicePage({ ...(await common()), sealed: await forms.seal(PURPOSE, {}), userCode });
      });
      pages.post(PATHS.device, async (c) => {
        const { parameters, sealed } = await forms.read(c.req.raw, PURPOSE);
        const decision = await decide(parameters);
        if (typeof decision === 'string') return decidedPage(decision);
        const typed = { userCode: parameters.optional('user_code'), email: parameters.optional('email') };
        return devicePage({ ...(await common()), ...typed, sealed, problem: decision });
      });
    },
    begin: (form) => {
      form.requireOpenidScope();
      const answer = grants.begin(readChallenge(form));
      return { ...answer, verification_uri: pageUrl, verification_uri_complete: `${pageUrl}?user_code=${answer.user_code}` };
    },
    redeem: (form) => grants.redeem(form.required('device_code'), ({ challenge }) => verifyPkce(challenge, form)),
    clear: () => grants.clear(),
  };
}

type Decision = 'allowed' | 'denied';
const PURPOSE = 'device';
const ANYONE = 'anyone';
