/** How the services of an instance are asked, and what they say when they refuse. */
import { decodeUtf8, quote, TrustError, tryParseJsonObject } from '@assay/core';
import { type HttpClient, type HttpResponse, type RequestOptions, redactUrl } from '@assay/net';

export interface Service {
  /** Of a log its base URL, of a timestamp authority the full endpoint. */
  readonly url: string;
  readonly http: HttpClient;
  readonly signal?: AbortSignal | undefined;
}

/**
 * One request, answered whatever the status is. Broken connections, 429 and 5xx are tried again, uploads too: a log records nothing twice,
 * and a timestamp more does no harm. Errors: `NET_…`.
 */
export function ask({ http, signal }: Service, url: string, options: RequestOptions): Promise<HttpResponse> {
  return http.request(url, { ...PATIENCE, maxBytes: MAX_ANSWER_BYTES, ...options, ...(signal && { signal }) });
}

/** A refusal with its status and what the service said, as an error to throw. */
export function refusal(
  code: 'REKOR_UPLOAD' | 'TSA_REQUEST' | 'LOG_READ' | 'LOG_SEARCH',
  { url, status, headers, body }: HttpResponse,
  hint?: string,
): TrustError {
  const said = quote(saidIn(headers['content-type'] ?? '', body));
  return new TrustError(code, `${redactUrl(url)}: server returned HTTP ${status}${said === '' ? '' : `: ${said}`}`, {
    data: { status },
    ...(hint !== undefined && { hint }),
  });
}

/** `message` of the JSON that these services answer, or a line of plain text; pages for people say nothing. */
function saidIn(contentType: string, body: Uint8Array): string {
  const text = decodeUtf8(body) ?? '';
  if (contentType.startsWith('text/plain')) return text.trim();
  const message = tryParseJsonObject(text)?.['message'];
  return typeof message === 'string' ? message : '';
}

// Rekor answers an upload when the entry is in the tree: v2 waits for its next checkpoint, up to 20 seconds (services.md section 6).
const PATIENCE = { headersTimeoutMs: 30_000, timeoutMs: 120_000, retries: 2 } as const;
/** An entry holds what was sent, and Rekor refuses more than 4 MiB; the rest is proof. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
