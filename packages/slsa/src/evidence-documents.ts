/**
 * What lies in a file of evidence, by its form alone: nothing of it is believed here.
 *
 *   bundle        a Sigstore bundle: { mediaType, verificationMaterial, … }
 *   envelope      a bare DSSE envelope, without any proof that it was logged: { payloadType, payload, signatures }
 *   logged        an envelope that was kept together with its log entry
 *   cloud build   what gcloud describes of an image: { image_summary, provenance_summary }
 *
 * One document, or several, one on each line. The answers of npm's registry and of GitHub's API, `{ attestations: [{ bundle }] }`, are the bundles in them.
 */
import { canonicalJson, decodeUtf8, isJsonObject, type Json, JsonError, type JsonValue, parseJson, utf8 } from '@assay/core';
import { LOGGED_ENVELOPE } from './log-search/logged-envelope.ts';

export type EvidenceDocument =
  | { readonly form: 'bundle' | 'envelope' | 'logged' | 'cloud build'; readonly bytes: Uint8Array }
  /** `problem`: why, for people. */
  | { readonly form: 'unknown'; readonly bytes: Uint8Array; readonly problem: string };

/** In the order of the file; at least one. */
export function evidenceDocuments(content: Uint8Array): EvidenceDocument[] {
  const whole = parse(content);
  if ('json' in whole) return documentsOf(whole.json, content);
  const lines = linesOf(content);
  const [first, second] = lines;
  if (first === undefined || second === undefined || 'problem' in parse(first)) return [{ form: 'unknown', bytes: content, problem: whole.problem }];
  return lines.flatMap((line) => {
    const one = parse(line);
    return 'json' in one ? documentsOf(one.json, line) : [{ form: 'unknown' as const, bytes: line, problem: one.problem }];
  });
}

function documentsOf(json: Json, bytes: Uint8Array): EvidenceDocument[] {
  if (!isJsonObject(json)) return [{ form: 'unknown', bytes, problem: 'not an object' }];
  const has = (name: string) => Object.hasOwn(json, name);
  if (has('attestations')) return attestationsOf(json['attestations'] ?? null, bytes);
  if (json['mediaType'] === LOGGED_ENVELOPE) return [{ form: 'logged', bytes }];
  if (has('verificationMaterial') || has('mediaType')) return [{ form: 'bundle', bytes }];
  if (has('payload') && has('signatures')) return [{ form: 'envelope', bytes }];
  if (has('provenance_summary')) return [{ form: 'cloud build', bytes }];
  return [{ form: 'unknown', bytes, problem: 'neither a Sigstore bundle nor a DSSE envelope' }];
}

function attestationsOf(list: Json, bytes: Uint8Array): EvidenceDocument[] {
  const bundles = (Array.isArray(list) ? list : []).flatMap((one) => (isJsonObject(one) && isJsonObject(one['bundle']) ? [one['bundle']] : []));
  if (bundles.length === 0) return [{ form: 'unknown', bytes, problem: 'a list of attestations without a bundle in it' }];
  return bundles.map((bundle) => ({ form: 'bundle', bytes: utf8(canonicalJson(bundle as JsonValue)) }));
}

function parse(bytes: Uint8Array): { readonly json: Json } | { readonly problem: string } {
  try {
    return { json: parseJson(bytes) };
  } catch (error) {
    if (error instanceof JsonError) return { problem: `not valid JSON: ${error.message}` };
    throw error;
  }
}

function linesOf(content: Uint8Array): Uint8Array[] {
  const lines = (decodeUtf8(content) ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.length > MAX_LINES ? [] : lines.map(utf8);
}

/** Each is verified: a file of a million lines is not evidence. */
const MAX_LINES = 1000;
