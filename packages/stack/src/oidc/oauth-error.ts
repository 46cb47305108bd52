/**
 * Refusals in the form of RFC 6749 section 5.2: `{"error":"invalid_grant","error_description":"…"}`. Descriptions are ours alone: nothing of
 * the request is repeated, so that they need no escaping wherever they are shown.
 */
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { Refusal } from '../http/refusal.ts';

export type OAuthErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_scope'
  | 'invalid_token'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'login_required'
  | 'temporarily_unavailable'
  | 'server_error'
  // RFC 8628 section 3.5
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token';

export interface OAuthErrorOptions {
  /** Default 400. */
  readonly status?: ContentfulStatusCode;
  readonly headers?: Readonly<Record<string, string>>;
}

export class OAuthError extends Refusal {
  readonly code: OAuthErrorCode;

  /** @param description of the characters that RFC 6749 section 5.2 allows: ASCII without `"` and `\` */
  constructor(code: OAuthErrorCode, description: string, { status = 400, headers = {} }: OAuthErrorOptions = {}) {
    super(status, description, { headers });
    this.name = 'OAuthError';
    this.code = code;
  }
}

/** Of a refusal that knows no OAuth too: a body over the cap, or not UTF-8. */
export function oauthErrorAnswer(refusal: Refusal): Response {
  const { status, message, headers } = refusal;
  return Response.json({ error: errorCode(refusal), error_description: message }, { status, headers: { 'Cache-Control': 'no-store', ...headers } });
}

export function errorCode(refusal: Refusal): OAuthErrorCode {
  if (refusal instanceof OAuthError) return refusal.code;
  return refusal.status < 500 ? 'invalid_request' : 'server_error';
}
