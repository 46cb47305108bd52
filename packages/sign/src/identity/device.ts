/**
 * Logging in from another device: the person opens a page anywhere and types a short code, while we ask again and again (RFC 8628 with PKCE;
 * cosign.md section 5, point 3).
 */
import { quote, TrustError } from '@assay/core';
import type { DeviceAuthorizationResponse, TokenEndpointResponse } from 'openid-client';
import type { IdentityToken } from './identity-token.ts';
import { type Issuer, type IssuerOptions, openIssuer, proofKey } from './issuer.ts';
import { sleepFor, type TokenContext } from './token-context.ts';

export interface DeviceCode {
  readonly userCode: string;
  /** With the code in it when the issuer offers that. */
  readonly verificationUri: string;
  /** Seconds. */
  readonly expiresIn: number;
}

export interface DeviceFlow extends IssuerOptions {
  /** Only told to the issuer. */
  readonly redirectUrl?: string | undefined;
  /** Shows the code to the person. Its texts are fit for a terminal. */
  onCode(code: DeviceCode): void | Promise<void>;
}

/**
 * Returns when the person has logged in.
 *
 * @throws TrustError OIDC_ISSUER, OIDC_PKCE, OIDC_LOGIN (`error obtaining token: access_denied`, `…: expired_token`), OIDC_TOKEN, NET_…, and what
 * `parseIdentityToken` throws
 */
export async function deviceToken(context: TokenContext, flow: DeviceFlow): Promise<IdentityToken> {
  const issuer = await openIssuer(context, flow);
  const { openid, config, metadata } = issuer;
  if (metadata.device_authorization_endpoint === undefined) throw new TrustError('OIDC_ISSUER', 'device authorization endpoint not returned by provider');
  const { verifier, parameters } = await proofKey(issuer);
  const redirect = flow.redirectUrl === undefined ? {} : { redirect_uri: flow.redirectUrl };
  const device = await issuer.attempt(() => openid.initiateDeviceAuthorization(config, { scope: SCOPE, ...parameters, ...redirect }));
  await flow.onCode(shown(device));
  return issuer.identityIn(await poll(context, issuer, device, verifier));
}

function shown(device: DeviceAuthorizationResponse): DeviceCode {
  const uri = device.verification_uri_complete ?? device.verification_uri;
  return { userCode: quote(device.user_code), verificationUri: quote(uri, MAX_URI_LENGTH), expiresIn: device.expires_in };
}

/** Asks at once, then at the issuer's pace. An issuer that never says that the code has expired does not keep us for ever. */
async function poll(context: TokenContext, issuer: Issuer, device: DeviceAuthorizationResponse, verifier: string): Promise<TokenEndpointResponse> {
  const { openid, config } = issuer;
  const grant = { device_code: device.device_code, scope: SCOPE, code_verifier: verifier };
  let intervalSeconds = device.interval ?? DEFAULT_INTERVAL_SECONDS;
  for (let waitedSeconds = 0; waitedSeconds <= device.expires_in; waitedSeconds += intervalSeconds) {
    const answer = await issuer.attempt(() => openid.genericGrantRequest(config, DEVICE_GRANT, grant).catch(keepWaiting));
    if (answer !== 'authorization_pending' && answer !== 'slow_down') return answer;
    // RFC 8628 section 3.5 asks for 5 seconds more from then on, cosign waits 10 more once: both are content with this.
    if (answer === 'slow_down') intervalSeconds += SLOW_DOWN_SECONDS;
    await sleepFor(context, intervalSeconds * 1000);
  }
  throw new TrustError('OIDC_LOGIN', 'error obtaining token: expired_token');

  function keepWaiting(error: unknown): 'authorization_pending' | 'slow_down' {
    if (error instanceof openid.ResponseBodyError && (error.error === 'authorization_pending' || error.error === 'slow_down')) return error.error;
    throw error;
  }
}

const SCOPE = 'openid email';
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
const DEFAULT_INTERVAL_SECONDS = 5;
const SLOW_DOWN_SECONDS = 10;
const MAX_URI_LENGTH = 2000;
