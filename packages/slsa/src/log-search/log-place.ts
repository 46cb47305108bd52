/**
 * A Rekor v1 log, asked for entries (services.md section 5).
 *
 *   POST /api/v1/log/entries/retrieve { entries [proposed] }          →  [{ "<id>": entry }]
 *   GET  /api/v1/log/entries/<id>                                     →  { "<id>": entry }
 *   POST /api/v1/index/retrieve { hash = "sha256:<hex>" }             →  ["<id>"]
 */
import { type CryptoProvider, isJsonObject, type Json, type NamedLogEntry, parseRekorEntries, quote, TrustError, tryParseJson } from '@assay/core';
import { below, type HttpClient, type HttpResponse, type RequestOptions, redactUrl, requireOk } from '@assay/net';
import { parseUuid, sameEntry } from './candidate.ts';

export interface LogPlace {
  /** Base URL; default `PUBLIC_LOG`. */
  readonly url?: string | undefined;
  readonly http: HttpClient;
  readonly crypto: CryptoProvider;
  readonly signal?: AbortSignal | undefined;
}

export const PUBLIC_LOG = 'https://rekor.sigstore.dev';

/** Where an entry is to be seen. */
export function entryUrl(url: string, uuid: string): string {
  return `${below(url, ENTRIES)}/${uuid}`;
}

/** The log's equals of what is proposed. Errors: `REKOR_RESPONSE`, `TLOG_BODY_PARSE`, `NET_…`. */
export async function retrieveEntries(place: LogPlace, proposed: readonly Json[]): Promise<NamedLogEntry[]> {
  const response = await post(place, RETRIEVE, { entries: [...proposed] });
  if (!REFUSALS.has(response.status) || proposed.length < 2) return parseRekorEntries(requireOk(response).body);
  // A log that does not know one of the kinds refuses them all: each is asked for alone, and one answer is enough.
  const answers = await Promise.all(proposed.map((one) => post(place, RETRIEVE, { entries: [one] })));
  const understood = answers.filter(({ status }) => !REFUSALS.has(status));
  if (understood.length === 0) throw refused(answers);
  return understood.flatMap((answer) => parseRekorEntries(requireOk(answer).body));
}

/** What the log says of it is about the file: that its signature does not hold, for example. */
function refused(answers: readonly HttpResponse[]): TrustError {
  const [{ url, status }] = answers as readonly [HttpResponse, ...HttpResponse[]];
  const said = [...new Set(answers.map(messageIn))].filter((message) => message !== '');
  return new TrustError('NET_STATUS', `${redactUrl(url)}: server returned HTTP ${status}${said.length === 0 ? '' : `: ${said.join('; ')}`}`, {
    data: { status },
    hint: 'the log does not take what the file says it has recorded: fetch the file again as it was published; if it is whole, check --rekor-url',
  });
}

function messageIn(response: HttpResponse): string {
  const answer = tryParseJson(response.body);
  return isJsonObject(answer) && typeof answer['message'] === 'string' ? quote(answer['message'], MAX_MESSAGE) : '';
}

/** The entry of that id, and of no other. Errors: as above, and `REKOR_ENTRY_MISMATCH`. */
export async function fetchEntry(place: LogPlace, uuid: string): Promise<NamedLogEntry> {
  const response = requireOk(await ask(place, `${ENTRIES}/${uuid}`, {}));
  const [named, ...others] = parseRekorEntries(response.body);
  if (named === undefined || others.length > 0) throw new TrustError('REKOR_RESPONSE', `expected one entry, found ${others.length + (named ? 1 : 0)}`);
  const found = parseUuid(named.id);
  if (!sameEntry(found, uuid)) throw new TrustError('REKOR_ENTRY_MISMATCH', 'the log answered with another entry', { expected: uuid, found });
  return named;
}

/** Ids of the entries that are about a digest, as the log orders them. Errors: `REKOR_RESPONSE`, `NET_…`. */
export async function searchIndex(place: LogPlace, sha256: string): Promise<string[]> {
  const response = requireOk(await post(place, INDEX, { hash: `sha256:${sha256}` }));
  const ids = tryParseJson(response.body);
  if (Array.isArray(ids) && ids.every((id) => typeof id === 'string')) return [...new Set(ids.map(parseUuid))];
  throw new TrustError('REKOR_RESPONSE', `${redactUrl(response.url)}: the index answered something that is not a list of entry ids`);
}

function post(place: LogPlace, path: string, body: Json): Promise<HttpResponse> {
  return ask(place, path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

/** Asking changes nothing in the log, so a POST is tried again, too. */
function ask({ url = PUBLIC_LOG, http, signal }: LogPlace, path: string, options: RequestOptions): Promise<HttpResponse> {
  const headers = { accept: 'application/json', ...options.headers };
  return http.request(below(url, path), { ...options, headers, retries: RETRIES, maxBytes: MAX_ANSWER_BYTES, ...(signal && { signal }) });
}

const ENTRIES = '/api/v1/log/entries';
const RETRIEVE = `${ENTRIES}/retrieve`;
const INDEX = '/api/v1/index/retrieve';
/** What a log answers to a proposal that it does not understand. */
const REFUSALS: ReadonlySet<number> = new Set([400, 422]);
const RETRIES = 3;
const MAX_MESSAGE = 200;
/** An entry comes with the payload that it attests, in base64. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
