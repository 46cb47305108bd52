/**
 * What a registry's refusal is called. The text is the one Go's tools print, which scripts look for:
 *
 *   GET https://ghcr.io/v2/x/y/manifests/latest: MANIFEST_UNKNOWN: manifest unknown; map[Tag:latest]
 *   HEAD https://…: unexpected status code 404 Not Found (HEAD responses have no body, use GET for details)
 *
 * The distribution specification's error body is `{ "errors": [ { "code", "message", "detail" } ] }`.
 */
import { canonicalJson, type ErrorCode, isJsonObject, isTrustError, type Json, quote, TrustError, tryParseJson } from '@assay/core';

export interface Refusal {
  readonly method: string;
  /** As the user knows the place: the registry's own name, also when a mirror answered. */
  readonly url: string;
  readonly status: number;
  readonly body: Uint8Array;
  readonly retryAfter: string | undefined;
}

/** A `TrustError` with `data.status`, for a status that was not expected, and `data.retryAfterMs` when the registry names a time. */
export function refusalError(refusal: Refusal): TrustError {
  const { method, url, status, retryAfter } = refusal;
  const wait = retryAfter === undefined ? '' : `; the registry asks to wait ${quote(retryAfter, 40)} s`;
  const retryAfterMs = /^\d{1,9}$/.test(retryAfter ?? '') ? { retryAfterMs: Number(retryAfter) * 1000 } : {};
  return new TrustError(codeOf(status), `${method} ${url}: ${reasonOf(refusal)}${wait}`, { data: { status, ...retryAfterMs } });
}

export function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return isTrustError(error) && statuses.includes(Number(error.data?.['status']));
}

function codeOf(status: number): ErrorCode {
  if (status === 404) return 'OCI_NOT_FOUND';
  if (status === 401) return 'OCI_UNAUTHORIZED';
  if (status === 403) return 'OCI_DENIED';
  if (status === 429) return 'OCI_RATE_LIMITED';
  if (status === 405) return 'OCI_UNSUPPORTED';
  return 'OCI_STATUS';
}

function reasonOf({ method, status, body }: Refusal): string {
  const stated = statedErrors(body);
  if (stated.length > 0) return stated.join('; ');
  const unexpected = `unexpected status code ${status} ${STATUS_TEXTS[status] ?? ''}`.trim();
  if (method === 'HEAD') return `${unexpected} (HEAD responses have no body, use GET for details)`;
  const text = quote(new TextDecoder().decode(body).trim());
  return text === '' ? unexpected : `${unexpected}: ${text}`;
}

function statedErrors(body: Uint8Array): string[] {
  const document = tryParseJson(body);
  const errors = isObject(document) ? (document as Record<string, Json>)['errors'] : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.slice(0, MAX_ERRORS).flatMap((error) => {
    if (!isObject(error)) return [];
    const { code, message, detail } = error as Record<string, Json>;
    if (typeof code !== 'string') return [];
    const parts = [quote(code), typeof message === 'string' && message !== '' ? `: ${quote(message)}` : '', detailText(detail)];
    return [parts.join('')];
  });
}

/** `map[Tag:latest]`, as Go prints a map. */
function detailText(detail: Json | undefined): string {
  if (detail === undefined || detail === null || detail === '') return '';
  if (!isObject(detail)) return `; ${quote(typeof detail === 'string' ? detail : canonicalJson(detail))}`;
  const pairs = Object.entries(detail as Record<string, Json>)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${typeof value === 'string' ? value : canonicalJson(value)}`);
  return `; map[${quote(pairs.join(' '))}]`;
}

function isObject(value: Json | undefined): boolean {
  return value !== undefined && isJsonObject(value);
}

const MAX_ERRORS = 5;
/** The reason phrases that Go's tools print. */
const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  416: 'Requested Range Not Satisfiable',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
