/**
 * The signature itself, and whether it is about the artifact at hand (verification.md section 13).
 */
import { type Artifact, digestText } from './artifact.ts';
import type { Bundle, BundleContent, DsseEnvelope, MessageSignature, PayloadSignature } from './bundle.ts';
import { equalBytes, fromHex, toHex } from './bytes.ts';
import { type Check, fail, failFrom, group, pass, skip } from './check.ts';
import type { CryptoProvider, HashName, SignatureScheme } from './crypto.ts';
import { IN_TOTO_PAYLOAD_TYPE, parseStatement, type Statement, type Subject } from './dsse.ts';
import { quote } from './errors.ts';
import type { JsonObject } from './json.ts';
import { keyText, type PublicKey } from './key.ts';
import { encodingProblem, verifySignature } from './signature.ts';
import type { SignedContent } from './signed-content.ts';
import { parseSimpleSigning, type SimpleSigning } from './simple-signing.ts';

export interface ArtifactStage {
  readonly check: Check;
  /** The statement as signed; undefined for messages and when it cannot be read. */
  readonly statement: Statement | undefined;
  /** The payload as signed, of evidence that has one. */
  readonly simpleSigning?: SimpleSigning;
  /** The payload as signed, not read, and its type; '' where nothing states one. */
  readonly content?: { readonly type: string; readonly bytes: Uint8Array };
  /** The artifact's digest that was matched. */
  readonly digest: { readonly algorithm: HashName; readonly value: Uint8Array } | undefined;
}

/** Whether the content names the artifact. Believed only once the signature over that content holds. */
export async function checkArtifact(bundle: Bundle, artifact: Artifact | undefined, demands: ClaimDemands, crypto: CryptoProvider): Promise<ArtifactStage> {
  const { content } = bundle;
  if (demands.opaqueContent === true && content.kind !== 'message') return opaque(content);
  const stage = await checkContent(content, artifact, demands, crypto);
  // Bare signatures sign the artifact and nothing else.
  if (content.kind !== 'message' || demands.annotations === undefined) return stage;
  return { ...stage, check: group('artifact', 'the signature carries no annotations', [stage.check, ...checkAnnotations(undefined, demands)]) };
}

function opaque(content: DsseEnvelope | PayloadSignature): ArtifactStage {
  const type = content.kind === 'dsse' ? content.payloadType : '';
  return {
    check: skip('artifact', 'what is signed was not read: it is judged apart', { optional: true }),
    statement: undefined,
    digest: undefined,
    content: { type, bytes: content.payload },
  };
}

/** What the signed content must say besides being about the artifact. */
export interface ClaimDemands {
  readonly opaqueContent?: true;
  readonly predicateType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function checkContent(content: BundleContent, artifact: Artifact | undefined, demands: ClaimDemands, crypto: CryptoProvider): Promise<ArtifactStage> {
  if (content.kind === 'message') return checkMessageDigest(content, artifact, crypto);
  if (content.kind === 'payload') return checkPayload(content, artifact, demands, crypto);
  return checkStatement(content, artifact, demands, crypto);
}

async function checkPayload(content: PayloadSignature, artifact: Artifact | undefined, demands: ClaimDemands, crypto: CryptoProvider): Promise<ArtifactStage> {
  const id = 'artifact';
  const none = { statement: undefined, digest: undefined };
  let simpleSigning: SimpleSigning;
  try {
    simpleSigning = parseSimpleSigning(content.payload);
  } catch (error) {
    return { check: failFrom(id, error), ...none };
  }
  const annotations = checkAnnotations(simpleSigning.optional, demands);
  if (artifact === undefined) {
    const read = pass('artifact.payload', `the payload names ${quote(simpleSigning.digest)}`);
    return { check: group(id, 'the payload was not compared with an image', [read, ...annotations]), ...none, simpleSigning };
  }
  const value = await artifact.digest('sha256', crypto);
  const found = value === undefined ? 'no sha256 digest' : digestText('sha256', value);
  const named =
    found === simpleSigning.digest
      ? pass('artifact.digest', `the payload names ${found}`)
      : fail('artifact.digest', 'ARTIFACT_MISMATCH_DIGEST', 'this is not the image that was signed', {
          expected: `${quote(simpleSigning.digest)} (in the signed payload)`,
          found: `${found} (the image)`,
        });
  const check = group(id, { pass: 'the signed payload is about this image', fail: 'the signed payload is not the one that was demanded' }, [
    named,
    ...annotations,
  ]);
  return { check, statement: undefined, digest: named.status === 'pass' && value !== undefined ? { algorithm: 'sha256', value } : undefined, simpleSigning };
}

/** Every annotation that is demanded must be signed, as the same text: a number or a boolean is another value. */
function checkAnnotations(signed: JsonObject | undefined, { annotations = {} }: ClaimDemands): Check[] {
  return Object.entries(annotations).map(([name, expected]) => {
    const id = 'artifact.annotation';
    const value = signed !== undefined && Object.hasOwn(signed, name) ? signed[name] : undefined;
    if (value === expected) return pass(id, `the annotation ${quote(name)} is ${quote(expected)}`);
    const found =
      value === undefined ? 'no such annotation' : typeof value === 'string' ? quote(value) : `a ${value === null ? 'null' : typeof value}, not a text`;
    return fail(id, 'ANNOTATION_MISMATCH', `the annotation ${quote(name)} differs`, { expected: quote(expected), found });
  });
}

async function checkMessageDigest({ digest }: MessageSignature, artifact: Artifact | undefined, crypto: CryptoProvider): Promise<ArtifactStage> {
  const id = 'artifact';
  if (artifact === undefined)
    return { check: fail(id, 'ARTIFACT_MISMATCH', 'a message signature needs the artifact'), statement: undefined, digest: undefined };
  if (digest === undefined) {
    const value = await artifact.digest('sha256', crypto);
    const check = skip(id, 'the evidence states no digest: the signature alone decides', { optional: true });
    return { check, statement: undefined, digest: value && { algorithm: 'sha256', value } };
  }
  const { algorithm, value } = digest;
  const actual = await artifact.digest(algorithm, crypto);
  if (actual === undefined) {
    const details = { expected: algorithm, found: artifact.algorithms.join(', ') };
    return {
      check: fail(id, 'ARTIFACT_MISMATCH_ALGORITHM', `the signature is over a ${algorithm} digest, which was not given`, details),
      statement: undefined,
      digest: undefined,
    };
  }
  const found = digestText(algorithm, actual);
  if (!equalBytes(actual, value)) {
    const details = { expected: `${digestText(algorithm, value)} (in the bundle)`, found: `${found} (the artifact)`, spec: 'verification.md section 13' };
    return { check: fail(id, 'ARTIFACT_MISMATCH_DIGEST', 'this is not the artifact that was signed', details), statement: undefined, digest: undefined };
  }
  return {
    check: pass(id, `the bundle names this artifact, ${found}`, { spec: 'verification.md section 13' }),
    statement: undefined,
    digest: { algorithm, value: actual },
  };
}

async function checkStatement(content: DsseEnvelope, artifact: Artifact | undefined, demands: ClaimDemands, crypto: CryptoProvider): Promise<ArtifactStage> {
  const id = 'artifact';
  const { predicateType } = demands;
  const none = { statement: undefined, digest: undefined };
  if (content.payloadType !== IN_TOTO_PAYLOAD_TYPE) {
    if (artifact === undefined && predicateType === undefined)
      return { check: skip(id, `the envelope holds ${quote(content.payloadType, 80)}: nothing in it was compared`, { optional: true }), ...none };
    return {
      check: fail(id, 'STATEMENT_PAYLOAD_TYPE', 'the envelope does not hold an in-toto statement', {
        expected: IN_TOTO_PAYLOAD_TYPE,
        found: quote(content.payloadType, 80),
      }),
      ...none,
    };
  }
  let statement: Statement;
  try {
    statement = parseStatement(content.payload);
  } catch (error) {
    return { check: failFrom(id, error), ...none };
  }
  const type = predicateType === undefined ? [] : [checkPredicateType(statement, predicateType)];
  if (artifact === undefined)
    return {
      check: group(id, 'the statement was not compared with an artifact', [
        ...type,
        ...checkAnnotations(statement.subjects[0]?.annotations, demands),
        pass('artifact.statement', `the envelope holds a statement, ${quote(statement.predicateType)}`),
      ]),
      statement,
      digest: undefined,
    };
  const subject = await checkSubjects(statement, artifact, crypto);
  return {
    check: group(
      id,
      { pass: 'the statement is about this artifact', fail: 'the statement is not the one that was demanded' },
      [...type, subject.check, ...checkAnnotations(subject.subject?.annotations, demands)],
      {
        spec: 'verification.md section 13',
      },
    ),
    statement,
    digest: subject.digest,
  };
}

function checkPredicateType(statement: Statement, expected: string): Check {
  const id = 'artifact.predicateType';
  const found = quote(statement.predicateType);
  if (statement.predicateType === expected) return pass(id, `the predicate type is ${found}`);
  return fail(id, 'STATEMENT_PREDICATE_TYPE', 'the statement has another predicate type', { expected: quote(expected), found });
}

async function checkSubjects(
  statement: Statement,
  artifact: Artifact,
  crypto: CryptoProvider,
): Promise<{ check: Check; digest: ArtifactStage['digest']; subject?: Subject }> {
  const id = 'artifact.subject';
  if (statement.subjects.length === 0) return { check: fail(id, 'ARTIFACT_MISMATCH_SUBJECT', 'the statement names no subject'), digest: undefined };
  for (const subject of statement.subjects) {
    const algorithm = strongestAlgorithm(subject, artifact);
    const stated = algorithm === undefined ? undefined : subject.digest.get(algorithm);
    if (algorithm === undefined || stated === undefined || !LOWERCASE_HEX.test(stated)) continue;
    const actual = await artifact.digest(algorithm, crypto);
    if (actual === undefined || !equalBytes(actual, fromHex(stated))) continue;
    const name = subject.name === '' ? '' : ` (${quote(subject.name)})`;
    return { check: pass(id, `subject ${digestText(algorithm, actual)}${name}`), digest: { algorithm, value: actual }, subject };
  }
  const found = await artifactText(artifact, crypto);
  const expected = statement.subjects
    .slice(0, 3)
    .map((subject) => [...subject.digest].map(([algorithm, hex]) => `${quote(algorithm, 20)}:${quote(hex, 128)}`).join(' '))
    .join(', ');
  const more = statement.subjects.length > 3 ? ` and ${statement.subjects.length - 3} more` : '';
  return {
    check: fail(id, 'ARTIFACT_MISMATCH_SUBJECT', 'no subject of the statement is this artifact', { expected: expected + more || 'no digest', found }),
    digest: undefined,
  };
}

/** The strongest algorithm that subject and artifact share; with a digest as input only that one (verification.md section 13). */
function strongestAlgorithm(subject: Subject, artifact: Artifact): HashName | undefined {
  const available = artifact.bytes === undefined ? artifact.algorithms : STRONGEST_FIRST;
  return STRONGEST_FIRST.find((algorithm) => subject.digest.has(algorithm) && available.includes(algorithm));
}

async function artifactText(artifact: Artifact, crypto: CryptoProvider): Promise<string> {
  const algorithm = artifact.bytes === undefined ? (artifact.algorithms[0] as HashName) : 'sha256';
  const digest = await artifact.digest(algorithm, crypto);
  return digest === undefined ? 'nothing' : digestText(algorithm, digest);
}

/** The signature over the artifact, or over the envelope's PAE. */
export async function checkSignature(signed: SignedContent, crypto: CryptoProvider, hashes?: readonly HashName[]): Promise<Check> {
  const id = 'signature';
  const spec = 'verification.md section 13';
  const { key, message, signature, content } = signed;
  if (key === undefined) return skip(id, 'the signature was not checked: there is no key to check it with');
  if (message === undefined) return skip(id, 'the signature was not checked: the artifact was not given');
  const encoding = encodingProblem(key, signature);
  if (encoding !== undefined) return fail(id, 'SIGNATURE_ENCODING', `the signature is malformed: ${encoding}`, { spec });

  const schemes = schemesOf(key, content.kind, hashes);
  const untried: SignatureScheme[] = [];
  for (const scheme of schemes) {
    const valid = await verifyMessage(key, scheme, message, signature, crypto);
    if (valid === 'unknown digest') untried.push(scheme);
    else if (valid)
      return pass(id, `the ${SIGNED[content.kind]} is signed with the ${keyText(key)} key`, {
        evidence: { algorithm: schemeText(scheme) },
        spec,
      });
  }
  // Asked only now: a signature that verifies has shown that its key is usable.
  if (!(await crypto.isUsable(key))) return fail(id, 'KEY_PARSE', `the ${keyText(key)} key is not usable: its point or modulus is unsound`, { spec });
  if (untried.length === schemes.length) return digestUnavailable(id, untried, message);
  if (untried.some((scheme) => scheme.name === 'ed25519'))
    return fail(id, 'SIGNATURE_DIGEST_ONLY', 'the signature is not Ed25519ph, and pure Ed25519 cannot be verified from a digest', { spec });
  return fail(id, 'SIGNATURE_INVALID', `the signature over the ${SIGNED[content.kind]} does not verify with the ${keyText(key)} key`, {
    found: `signature ${toHex(signature.subarray(0, 16))}…`,
    spec,
  });
}

async function verifyMessage(
  key: PublicKey,
  scheme: SignatureScheme,
  message: Artifact,
  signature: Uint8Array,
  crypto: CryptoProvider,
): Promise<boolean | 'unknown digest'> {
  if (message.bytes !== undefined) return verifySignature(crypto, key, scheme, message.bytes, signature);
  if (scheme.name === 'ed25519') return 'unknown digest';
  const digest = await message.digest(scheme.name === 'ed25519ph' ? 'sha512' : scheme.hash, crypto);
  if (digest === undefined) return 'unknown digest';
  const { verifyDigest } = await import('./prehashed.ts');
  return verifyDigest(key, scheme, digest, signature);
}

function digestUnavailable(id: string, schemes: readonly SignatureScheme[], message: Artifact): Check {
  if (schemes.every((scheme) => scheme.name === 'ed25519'))
    return fail(id, 'SIGNATURE_DIGEST_ONLY', 'a pure Ed25519 signature cannot be verified from a digest');
  const expected = schemes.flatMap((scheme) => (scheme.name === 'ed25519' ? [] : [scheme.name === 'ed25519ph' ? 'sha512' : scheme.hash]));
  return fail(id, 'ARTIFACT_MISMATCH_ALGORITHM', 'the digest given is of another algorithm than the signature needs', {
    expected: expected.join(' or '),
    found: message.algorithms.join(', '),
  });
}

/** Which schemes a signature by this key may follow, the usual one first. Old clients signed SHA-256 with larger curves. */
function schemesOf(key: PublicKey, content: BundleContent['kind'], hashes: readonly HashName[] | undefined): SignatureScheme[] {
  if (key.type === 'ed25519') return content === 'dsse' ? [{ name: 'ed25519' }] : [{ name: 'ed25519ph' }, { name: 'ed25519' }];
  if (key.type === 'rsa') return (hashes ?? ['sha256']).map((hash) => ({ name: 'rsa-pkcs1', hash }));
  const usual: Record<typeof key.curve, readonly HashName[]> = { 'P-256': ['sha256'], 'P-384': ['sha384', 'sha256'], 'P-521': ['sha512', 'sha256'] };
  return [...new Set([...usual[key.curve], ...(hashes ?? [])])].map((hash) => ({ name: 'ecdsa', hash }));
}

function schemeText(scheme: SignatureScheme): string {
  return 'hash' in scheme ? `${scheme.name} ${scheme.hash}` : scheme.name;
}

const SIGNED = { dsse: 'envelope', message: 'artifact', payload: 'payload' };
const STRONGEST_FIRST: readonly HashName[] = ['sha512', 'sha384', 'sha256'];
const LOWERCASE_HEX = /^(?:[0-9a-f]{2})+$/;
