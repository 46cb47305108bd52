/**
 * What `--output json` has written, to be shown again: a verification, a line for each of several, or what policies say of things.
 *
 * Only shown, never believed: a file can say anything. Trees that contradict themselves are refused (`parseVerificationJson`); other fields are shown as far as
 * they are texts.
 */
import {
  type Check,
  fail,
  isJsonObject,
  type Json,
  type JsonObject,
  parseVerificationJson,
  TrustError,
  tryParseJson,
  VERIFICATION_MEDIA_TYPE,
} from '@assay/core';
import { named } from '../named.ts';
import { buildLines } from './build-facts.ts';

export interface SavedResult {
  /** As it was named when it was verified. Undefined in results of older versions. */
  readonly subject: string | undefined;
  /** `HOST/REPOSITORY@DIGEST` of an image. */
  readonly reference: string | undefined;
  /** Warned: refused by a policy that only warns. */
  readonly ending: 'accepted' | 'warned' | 'refused';
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly root: Check;
}

/** Errors: `RESULT_PARSE`. */
export function parseSavedResults(content: Uint8Array): readonly SavedResult[] {
  const whole = tryParseJson(content);
  if (whole !== undefined) return resultsIn(whole, content);
  const lines = new TextDecoder().decode(content).trimEnd().split('\n');
  // Of one document the error says more, with the offset in the file.
  if (lines.length < 2 || tryParseJson(Buffer.from(lines[0] ?? '')) === undefined) return [verificationIn({}, content)];
  return lines.flatMap((line, i) => {
    const bytes = Buffer.from(line);
    return named(`line ${i + 1}`, () => resultsIn(tryParseJson(bytes) ?? null, bytes));
  });
}

function resultsIn(document: Json, content: Uint8Array): readonly SavedResult[] {
  if (!isJsonObject(document)) return [verificationIn({}, content)];
  const { results } = document;
  return Array.isArray(results) ? results.map((one: Json) => policyResult(one)) : [verificationIn(document, content)];
}

function verificationIn(document: JsonObject, content: Uint8Array): SavedResult {
  const { ok, root } = parseVerificationJson(content);
  const { subject, reference } = textsIn(document);
  return { subject, reference, ending: ok ? 'accepted' : 'refused', facts: ok ? factsIn(document) : [], root };
}

function factsIn(document: JsonObject): (readonly [string, string])[] {
  const verified = objectIn(document, 'verified');
  const within = (name: string) => textsIn(objectIn(verified, name));
  const [artifact, identity, key, statement] = [within('artifact'), within('identity'), within('key'), within('statement')];
  const [time] = Array.isArray(verified['times']) ? verified['times'] : [];
  const signedAt = textsIn(isJsonObject(time) ? time : {});
  const { slsaBuildLevel } = objectIn(document, 'build');
  const { builder, digest, ...build } = textsIn(objectIn(document, 'build'));
  const level = typeof slsaBuildLevel === 'number' ? slsaBuildLevel : 0;
  const rows: (readonly [string, string | undefined])[] = [
    ['digest', artifact['digest'] === undefined ? digest : `${artifact['algorithm']}:${artifact['digest']}`],
    ['signed by', identity['san'] ?? (key['sha256'] && `the key sha256:${key['sha256']}`)],
    ['issuer', identity['oidcIssuer']],
    ['statement', statement['predicateType']],
    ['signed at', signedAt['time'] && `${signedAt['time']} (${signedAt['source']})`],
    ...buildLines({ facts: build, builder, level, digest }),
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}

/** What one policy says of one thing, or that there is none for it. */
function policyResult(document: Json): SavedResult {
  if (!isJsonObject(document)) throw new TrustError('RESULT_PARSE', 'the result of a policy is no object');
  const { subject, reference, result = '', policy, kind } = textsIn(document);
  const ending = ENDINGS.get(result);
  if (ending === undefined) throw new TrustError('RESULT_PARSE', 'the result of a policy has no ending', { expected: [...ENDINGS.keys()].join(', ') });
  const { root } = document;
  if (root === undefined || result === 'uncovered') return { subject, reference, ending: 'refused', facts: [], root: UNCOVERED };
  const isHeld = isJsonObject(root) && root['status'] === 'pass';
  const whole = JSON.stringify({ mediaType: VERIFICATION_MEDIA_TYPE, ok: isHeld, root }, (_, value) => (typeof value === 'bigint' ? String(value) : value));
  const saved = parseVerificationJson(Buffer.from(whole));
  if (ending === 'accepted' && !saved.ok) throw new TrustError('RESULT_PARSE', 'the result of a policy is not what its checks say');
  const facts = [reference === undefined ? [] : [['is', reference] as const], policy === undefined ? [] : [['policy', `${kind} ${policy}`] as const]].flat();
  // The group of the policy itself is part of what it says.
  return { subject, reference, ending, facts, root: { ...saved.root, checks: [saved.root] } };
}

const ENDINGS: ReadonlyMap<string, SavedResult['ending']> = new Map([
  ['pass', 'accepted'],
  ['warn', 'warned'],
  ['fail', 'refused'],
  ['uncovered', 'refused'],
]);
const UNCOVERED = fail('policy', 'POLICY_UNSATISFIED', 'no policy covers it', { hint: 'write a policy for it, or correct what the policies match' });

function objectIn(document: JsonObject, name: string): JsonObject {
  const value = document[name];
  return isJsonObject(value) ? value : {};
}

function textsIn(document: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(document).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
