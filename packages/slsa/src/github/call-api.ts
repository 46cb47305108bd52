/** One GET of GitHub's API: who asks, how often, and what a refusal is called. */
import { type Fields, parseFields, quote, TrustError } from '@assay/core';
import { below, type HttpClient, type HttpResponse, nextLink, redactUrl } from '@assay/net';
import { apiUrl } from './hosts.ts';

export interface GithubApi {
  readonly http: HttpClient;
  /** `github.com` or `TENANT.ghe.com`. */
  readonly host: string;
  /** Base URL instead of that host's, for tests and mirrors. */
  readonly api?: string | undefined;
  /** Absent: asked as nobody, which public repositories allow. */
  readonly token?: string | undefined;
}

export interface ApiAnswer {
  readonly fields: Fields;
  /** Where the list goes on. */
  readonly next: URL | undefined;
}

/** Errors: `ATTESTATION_API` with `data.status`, in the words of GitHub's CLI; `NET_…`. */
export async function callApi(path: string | URL, { http, host, api, token }: GithubApi): Promise<ApiAnswer> {
  const url = path instanceof URL ? path : new URL(below(api ?? apiUrl(host), `/${path}`));
  const response = await http.request(url, {
    headers: {
      accept: 'application/vnd.github+json',
      'x-github-api-version': '2022-11-28',
      ...(token !== undefined && token !== '' && { authorization: `token ${token}` }),
    },
    retries: RETRIES,
    maxBytes: MAX_ANSWER_BYTES,
  });
  if (response.status < 200 || response.status > 299) throw refusal(response, url);
  const fields = parseFields(response.body, { what: `the answer of ${redactUrl(url)}`, parse: 'ATTESTATION_API', shape: 'ATTESTATION_API' });
  return { fields, next: nextPage(response) };
}

function refusal({ status, headers, body }: HttpResponse, url: URL): TrustError {
  const message = statedProblem(headers['content-type'] ?? '', body) ?? (REASONS[status] && `${status} ${REASONS[status]}`);
  // The query is ours, and holds no secret.
  const place = `${url.origin}${url.pathname}${url.search}`;
  const text = message === undefined ? `HTTP ${status} (${place})` : `HTTP ${status}: ${message} (${place})`;
  return new TrustError('ATTESTATION_API', text, { data: { status } });
}

/** `{ "message": …, "errors": [ { "message": … } ] }`; undefined where the answer is no JSON of that form. */
function statedProblem(contentType: string, body: Uint8Array): string | undefined {
  if (!/[/+]json(?:;|$)/i.test(contentType)) return undefined;
  try {
    const fields = parseFields(body, { what: 'the refusal', parse: 'ATTESTATION_API', shape: 'ATTESTATION_API' });
    const others = fields.objects('errors', MAX_STATED).map((error) => error.optionalString('message') ?? '');
    const said = [fields.optionalString('message') ?? '', ...others].filter((text) => text !== '');
    return said.length === 0 ? undefined : quote(said.join('; '), MAX_SAID);
  } catch {
    // A refusal that is badly said is a refusal still.
    return undefined;
  }
}

/** RFC 8288. What leads to another host would be shown the token. Errors: `ATTESTATION_API`. */
function nextPage(response: HttpResponse): URL | undefined {
  const next = nextLink(response);
  const { origin } = new URL(response.url);
  if (next === undefined || next.origin === origin) return next;
  throw new TrustError('ATTESTATION_API', 'the list of attestations is said to go on at another host', { expected: origin, found: quote(next.origin) });
}

const RETRIES = 3;
/** A hundred bundles at a time, each with its statement. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;
const MAX_STATED = 20;
const MAX_SAID = 500;
const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};
