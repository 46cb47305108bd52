/**
 * AdmissionReview, `admission.k8s.io/v1`, in and out (admission.md 0.2).
 *
 *   { "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
 *     "request":  { "uid", "kind": {"group", "version", "kind"}, "resource", "subResource", "namespace", "name", "operation", "object", "oldObject", "dryRun" },
 *     "response": { "uid", "allowed", "status": {…}, "warnings": […], "patch": base64, "patchType": "JSONPatch" } }
 *
 * It comes from the API server, over TLS, and is parsed by the engine's own parser: this is the hot path. What a user has put into it is untrusted all the same.
 */
import { decodeUtf8, encodeBase64, isJsonObject, type Json, type JsonObject, quote, TrustError, utf8 } from '@assay/core';

export interface GroupVersionKind {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface GroupVersionResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

export interface ReviewRequest {
  readonly uid: string;
  readonly kind: GroupVersionKind;
  readonly resource: GroupVersionResource;
  readonly subResource: string;
  /** CREATE, UPDATE, DELETE or CONNECT. */
  readonly operation: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** Who asks. Undefined: nobody says. */
  readonly user?: RequestUser | undefined;
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
}

export interface RequestUser {
  readonly username: string;
  readonly groups: readonly string[];
}

export interface Review {
  /** Echoed. */
  readonly apiVersion: string;
  readonly kind: string;
  readonly request: ReviewRequest;
}

export type ReviewAnswer =
  | { readonly allowed: true; readonly warnings?: readonly string[]; readonly patch?: readonly PatchOperation[] }
  | {
      readonly allowed: false;
      readonly message: string;
      readonly warnings?: readonly string[];
      /** kubectl says `Error from server (BadRequest): …`, or `Error from server: …` without one, as for Kyverno. Default `BadRequest`. */
      readonly reason?: 'BadRequest' | 'none';
    };

/** RFC 6902. */
export interface PatchOperation {
  readonly op: 'add' | 'replace' | 'remove' | 'test';
  readonly path: string;
  readonly value?: Json;
}

/** Errors: `ADMISSION_REVIEW`, whose message is the body of an answer 400. */
export function parseReview(body: Uint8Array): Review {
  const document = parseJsonBody(body);
  const request = document['request'];
  if (!isJsonObject(request)) throw undecodable('there is no request');
  const uid = textAt(request, 'uid');
  if (uid === '') throw undecodable('the request has no uid');
  return {
    apiVersion: textAt(document, 'apiVersion'),
    kind: textAt(document, 'kind'),
    request: {
      uid,
      kind: readKind(request['kind']),
      resource: readResource(request['resource']),
      subResource: textAt(request, 'subResource'),
      operation: textAt(request, 'operation'),
      namespace: textAt(request, 'namespace'),
      name: textAt(request, 'name'),
      dryRun: request['dryRun'] === true,
      user: readUser(request['userInfo']),
      object: objectAt(request, 'object'),
      oldObject: objectAt(request, 'oldObject'),
    },
  };
}

export function encodeAnswer({ apiVersion, kind, request: { uid } }: Review, answer: ReviewAnswer): string {
  const warnings = answer.warnings === undefined ? [] : warningLines(answer.warnings);
  const response = {
    uid,
    allowed: answer.allowed,
    ...(!answer.allowed && { status: { metadata: {}, status: 'Failure', message: answer.message, ...(answer.reason !== 'none' && BAD_REQUEST) } }),
    ...(answer.allowed && answer.patch !== undefined && answer.patch.length > 0 && encodePatch(answer.patch)),
    ...(warnings.length > 0 && { warnings }),
  };
  return JSON.stringify({ kind, apiVersion, response });
}

/** As Go prints one: `apps/v1, Kind=Deployment`, `/v1, Kind=Pod`. */
export function kindText({ group, version, kind }: GroupVersionKind): string {
  return quote(`${group}/${version}, Kind=${kind}`);
}

function encodePatch(patch: readonly PatchOperation[]): { patch: string; patchType: string } {
  return { patch: encodeBase64(utf8(JSON.stringify(patch))), patchType: 'JSONPatch' };
}

/** The API server drops a warning with a control character in it, and shows no more than 4096 characters of all of them. */
function warningLines(warnings: readonly string[]): string[] {
  return warnings.flatMap((warning) => warning.split('\n')).map((line) => quote(line, MAX_WARNING));
}

/** Capped in depth. Errors: `ADMISSION_REVIEW`. */
export function parseJsonBody(body: Uint8Array): JsonObject {
  const text = decodeUtf8(body);
  if (text === undefined) throw undecodable('not valid UTF-8');
  if (nestsDeeperThan(body, MAX_DEPTH)) throw undecodable(`nested deeper than ${MAX_DEPTH} levels`);
  let document: Json;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw undecodable(quote((error as SyntaxError).message));
  }
  if (!isJsonObject(document)) throw undecodable('not an object');
  return document;
}

/** Of brackets outside of texts. The parser would take any depth; whoever walks over the object afterwards would not. */
function nestsDeeperThan(body: Uint8Array, most: number): boolean {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i];
    if (inText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > most) return true;
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
  return false;
}

function readKind(value: Json | undefined): GroupVersionKind {
  const named = memberObject(value, 'kind');
  return { group: textAt(named, 'group'), version: textAt(named, 'version'), kind: textAt(named, 'kind') };
}

function readResource(value: Json | undefined): GroupVersionResource {
  const named = memberObject(value ?? {}, 'resource');
  return { group: textAt(named, 'group'), version: textAt(named, 'version'), resource: textAt(named, 'resource') };
}

function readUser(value: Json | undefined): RequestUser | undefined {
  if (!isJsonObject(value)) return undefined;
  const { groups } = value;
  return { username: textAt(value, 'username'), groups: Array.isArray(groups) ? groups.filter((one) => typeof one === 'string') : [] };
}

function memberObject(value: Json | undefined, name: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw undecodable(`the request's ${name} is not an object`);
}

function textAt(object: JsonObject, name: string): string {
  const value = object[name] ?? '';
  if (typeof value === 'string') return value;
  throw undecodable(`${name} is not text`);
}

function objectAt(request: JsonObject, name: string): JsonObject | undefined {
  const value = request[name] ?? undefined;
  if (value === undefined || isJsonObject(value)) return value;
  throw undecodable(`the request's ${name} is not an object`);
}

function undecodable(problem: string): TrustError {
  return new TrustError('ADMISSION_REVIEW', `could not decode body:${problem}`);
}

const BAD_REQUEST = { reason: 'BadRequest', code: 400 };
const MAX_DEPTH = 100;
const MAX_WARNING = 4096;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
