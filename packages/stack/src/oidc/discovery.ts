/** What an issuer tells of itself (OpenID Connect Discovery section 3, RFC 8414); clients compare `issuer` byte by byte with the URL they asked. */
import { type EMULATED_ISSUERS, issuerUrl } from './identity.ts';
import { ALGORITHM } from './oidc-key.ts';

/** Paths below the base URL. */
export const PATHS = {
  authorize: '/auth',
  login: '/login',
  token: '/token',
  keys: '/keys',
  deviceAuthorization: '/device/code',
  device: '/device',
} as const;

export const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** Of the issuer where people log in. */
export function discovery(baseUrl: string): object {
  return {
    issuer: baseUrl,
    authorization_endpoint: baseUrl + PATHS.authorize,
    token_endpoint: baseUrl + PATHS.token,
    jwks_uri: baseUrl + PATHS.keys,
    device_authorization_endpoint: baseUrl + PATHS.deviceAuthorization,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', DEVICE_GRANT],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [ALGORITHM],
    // Go's clients refuse an issuer that does not say so.
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['none', 'client_secret_basic'],
    scopes_supported: ['openid', 'email'],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'nonce', 'email', 'email_verified'],
    request_uri_parameter_supported: false,
  };
}

/** Of an emulated issuer, whose tokens do not come from a login. */
export function emulatedDiscovery(baseUrl: string, kind: (typeof EMULATED_ISSUERS)[number]): object {
  const issuer = issuerUrl(baseUrl, kind);
  return {
    issuer,
    jwks_uri: issuer + PATHS.keys,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [ALGORITHM],
    scopes_supported: ['openid'],
    claims_supported: ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'],
  };
}
