/** Node's network errors as ours: what could not be reached, and whether it makes sense to try again. */
import { isTrustError, TrustError } from '@assay/core';

/**
 * A thrown value of node:http(s), net, tls or dns as a TrustError; one that is a TrustError already is returned as it is.
 * Only Node's error code enters the message: its texts may quote the proxy URL with its password.
 */
export function networkFailure(error: unknown, url: URL): TrustError {
  if (isTrustError(error)) return error;
  const code = errorCode(error);
  if (isTlsCode(code)) {
    return new TrustError('NET_TLS', `${url.host}: the TLS certificate or connection is not acceptable (${code})`, { cause: error });
  }
  if (code === 'ENOTFOUND') return new TrustError('NET_UNREACHABLE', `${url.host}: no such host (${code})`, { cause: error });
  if (code === 'ECONNREFUSED') return new TrustError('NET_UNREACHABLE', `${url.host}: connection refused (${code})`, { cause: error });
  return new TrustError('NET_UNREACHABLE', `${url.host}: the connection failed (${code})`, { cause: error });
}

/** Several addresses tried (happy eyeballs) come as an AggregateError: its first error says why. */
function errorCode(error: unknown): string {
  const { code, errors } = error as { code?: unknown; errors?: readonly unknown[] };
  if (typeof code === 'string') return code;
  return errors?.[0] === undefined ? 'unknown' : errorCode(errors[0]);
}

function isTlsCode(code: string): boolean {
  return code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || code.startsWith('CERT_') || TLS_CODES.has(code);
}

// Names that OpenSSL gives to reasons why a certificate is refused.
const TLS_CODES = new Set([
  'EPROTO',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
]);
