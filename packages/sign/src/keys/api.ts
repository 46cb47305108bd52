/** One call of a JSON service that keeps keys. Answers may hold secrets, so that only what the service says in an error is ever shown. */
import { isJsonObject, type Json, type JsonObject, quote, TrustError, tryParseJsonObject } from '@assay/core';
import { type HttpClient, type RequestOptions, redactUrl } from '@assay/net';

export interface ApiCall {
  readonly http: HttpClient;
  readonly url: string;
  /** For messages: what was to be done, such as `reading the secret`. */
  readonly what: string;
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly headers: Readonly<Record<string, string>>;
  readonly secretHeaders?: readonly string[];
  readonly json?: object;
  readonly signal?: AbortSignal | undefined;
}

/** The object that the service answered; empty for an empty answer. Errors: `KEY_PROVIDER` with `data.status` for any status but 2xx. */
export async function callApi(call: ApiCall): Promise<JsonObject> {
  return accepted(call, await send(call));
}

/** As `callApi`, undefined when the service answers 404. */
export async function findApi(call: ApiCall): Promise<JsonObject | undefined> {
  const answer = await send(call);
  return answer.status === 404 ? undefined : accepted(call, answer);
}

interface Answer {
  readonly status: number;
  /** Undefined when the body is not a JSON object. */
  readonly object: JsonObject | undefined;
}

async function send({ http, url, method = 'GET', headers, secretHeaders = [], json, signal }: ApiCall): Promise<Answer> {
  const options: RequestOptions = {
    method,
    headers: { accept: 'application/json', ...headers, ...(json && { 'content-type': 'application/json' }) },
    secretHeaders,
    maxBytes: MAX_ANSWER_BYTES,
    ...(json && { body: JSON.stringify(json) }),
    ...(signal && { signal }),
  };
  const { status, body } = await http.request(url, options);
  return { status, object: body.length === 0 ? {} : tryParseJsonObject(body) };
}

function accepted({ what, url }: ApiCall, { status, object }: Answer): JsonObject {
  const where = `${what}: ${redactUrl(url)}`;
  if (status >= 200 && status < 300) {
    if (object === undefined) throw new TrustError('KEY_PROVIDER', `${where}: the answer is not a JSON object`);
    return object;
  }
  const said = object === undefined ? '' : errorText(object);
  throw new TrustError('KEY_PROVIDER', `${where}: server returned HTTP ${status}${said === '' ? '' : `: ${quote(said)}`}`, { data: { status } });
}

/** Kubernetes, GitHub and GitLab say `message`, GitLab also `error`, Vault `errors`. */
function errorText({ message, error, errors }: JsonObject): string {
  const said = [message, error, errors].find((value) => value !== undefined && value !== null) ?? '';
  return typeof said === 'string' ? said : flat(said);
}

function flat(value: Json): string {
  if (Array.isArray(value)) return value.map(flat).join(', ');
  if (isJsonObject(value))
    return Object.entries(value)
      .map(([name, inner]) => `${name}: ${flat(inner)}`)
      .join(', ');
  return String(value);
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
