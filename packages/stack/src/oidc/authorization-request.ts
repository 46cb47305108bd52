/** What a client asks for at the authorization endpoint (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1). */
import { AUDIENCE } from './mint-token.ts';
import { OAuthError } from './oauth-error.ts';
import type { Parameters } from './parameters.ts';
import { readChallenge } from './pkce.ts';
import { isTrustedRedirect } from './redirect-uri.ts';

/** Where the answer goes, be it a code or a refusal. */
export interface ReplyTo {
  readonly redirectUri: string;
  readonly state: string | undefined;
}

export interface AuthorizationRequest extends ReplyTo {
  readonly nonce: string | undefined;
  readonly challenge: string;
}

/**
 * Before anything else: until client and redirect are known to be right, a refusal is shown on a page and sent nowhere (RFC 6749 section
 * 4.1.2.1), or the issuer would redirect browsers for anybody. Throws `OAuthError`.
 */
export function readReplyTo(parameters: Parameters): ReplyTo {
  if (parameters.required('client_id') !== AUDIENCE) throw new OAuthError('invalid_client', `client_id must be ${AUDIENCE}`);
  const redirectUri = parameters.required('redirect_uri');
  if (!isTrustedRedirect(redirectUri)) {
    throw new OAuthError(
      'invalid_request',
      'redirect_uri must be http://localhost:PORT/auth/callback, http://127.0.0.1:PORT/PATH or urn:ietf:wg:oauth:2.0:oob',
    );
  }
  return { redirectUri, state: parameters.short('state') };
}

/** The rest. Throws `OAuthError`, which the client is told at `replyTo`. */
export function readAuthorizationRequest(parameters: Parameters, replyTo: ReplyTo): AuthorizationRequest {
  if (parameters.required('response_type') !== 'code') throw new OAuthError('unsupported_response_type', 'response_type must be code');
  parameters.requireOpenidScope();
  const challenge = readChallenge(parameters);
  if (challenge === undefined) throw new OAuthError('invalid_request', 'PKCE is required: code_challenge is missing');
  // Nobody stays logged in here.
  if (parameters.optional('prompt')?.split(' ').includes('none')) throw new OAuthError('login_required', 'a login needs the page');
  return { ...replyTo, nonce: parameters.short('nonce'), challenge };
}
