/** One place that may have an identity token ready, and what its implementations share. */
import { decodeUtf8, isJsonObject, type JsonObject, quote, TrustError, tryParseJsonObject } from '@assay/core';
import { type HttpResponse, type RequestOptions, redactUrl } from '@assay/net';
import type { TokenContext } from './token-context.ts';

export interface AmbientProvider {
  /** Whether a token can be expected here, for as little as that costs. */
  isHere(context: TokenContext): boolean | Promise<boolean>;
  /** Errors: `TOKEN_PROVIDER`, and those of what it reads and asks. */
  token(context: TokenContext): Promise<string>;
}

/** The value of a variable that has one. */
export function required({ environment }: TokenContext, name: string): string {
  return environment[name] || refuse(`${name} is not set`);
}

export interface Question extends RequestOptions {
  /** What of the request must not come back in a message. */
  readonly secrets?: readonly string[];
}

/** The JSON object that a service answered. Errors: `TOKEN_PROVIDER`, `NET_…`. */
export async function askForJson(context: TokenContext, url: string, question: Question): Promise<JsonObject> {
  const answer = await ask(context, url, question);
  return tryParseJsonObject(answer.body) ?? refuse(`${redactUrl(url)}: the answer is not a JSON object`);
}

/** The text that a service answered. Errors: `TOKEN_PROVIDER`, `NET_…`. */
export async function askForText(context: TokenContext, url: string, question: Question): Promise<string> {
  const answer = await ask(context, url, question);
  return decodeUtf8(answer.body) ?? refuse(`${redactUrl(url)}: the answer is not text`);
}

async function ask({ http }: TokenContext, url: string, { secrets = [], ...options }: Question): Promise<HttpResponse> {
  const answer = await http.request(url, { maxBytes: MAX_ANSWER_BYTES, ...options });
  if (answer.status >= 200 && answer.status < 300) return answer;
  const said = saidIn(answer.body, secrets);
  throw new TrustError('TOKEN_PROVIDER', `${redactUrl(url)}: server returned HTTP ${answer.status}${said && `: ${said}`}`, {
    data: { status: answer.status },
  });
}

/** A member that is text and not empty. */
export function textIn(object: JsonObject, name: string, where: string): string {
  const value = object[name];
  return typeof value === 'string' && value !== '' ? value : refuse(`${where}: the answer has no ${name}`);
}

export function refuse(problem: string): never {
  throw new TrustError('TOKEN_PROVIDER', problem);
}

/** What services say in errors, unless it repeats a secret that they were shown. */
function saidIn(body: Uint8Array, secrets: readonly string[]): string {
  const { message, error_description: description, error } = tryParseJsonObject(body) ?? {};
  const inner = isJsonObject(error) ? error['message'] : error;
  const said = [message, description, inner].find((value) => typeof value === 'string') ?? '';
  return secrets.some((secret) => said.includes(secret)) ? '' : quote(said);
}

const MAX_ANSWER_BYTES = 1024 * 1024;
