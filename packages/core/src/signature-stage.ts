/**
 * The signature itself, and whether it is about the artifact at hand (verification.md section 13).
 */
import { type Artifact, digestText } from './artifact.ts';
import type { Bundle, DsseEnvelope, MessageSignature } from './bundle.ts';
import { equalBytes, fromHex, toHex } from './bytes.ts';
import { type Check, fail, failFrom, group, pass, skip } from './check.ts';
import type { CryptoProvider, HashName, SignatureScheme } from './crypto.ts';
import { IN_TOTO_PAYLOAD_TYPE, parseStatement, type Statement, type Subject } from './dsse.ts';
import { quote } from './errors.ts';
import { keyText, type PublicKey } from './key.ts';
import { encodingProblem, verifySignature } from './signature.ts';
import type { SignedContent } from './signed-content.ts';

export interface ArtifactStage {
  readonly check: Check;
  /** The statement as signed; undefined for messages and when it cannot be read. */
  readonly statement: Statement | undefined;
  /** The artifact's digest that was matched. */
  readonly digest: { readonly algorithm: HashName; readonly value: Uint8Array } | undefined;
}

/** Whether the content names the artifact. Believed only once the signature over that content holds. */
export async function checkArtifact(
  bundle: Bundle,
  artifact: Artifact | undefined,
  predicateType: string | undefined,
  crypto: CryptoProvider,
): Promise<ArtifactStage> {
  const { content } = bundle;
  return content.kind === 'message' ? checkMessageDigest(content, artifact, crypto) : checkStatement(content, artifact, predicateType, crypto);
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

async function checkStatement(
  content: DsseEnvelope,
  artifact: Artifact | undefined,
  predicateType: string | undefined,
  crypto: CryptoProvider,
): Promise<ArtifactStage> {
  const id = 'artifact';
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
        pass('artifact.statement', `the envelope holds a statement, ${quote(statement.predicateType)}`),
      ]),
      statement,
      digest: undefined,
    };
  const subject = await checkSubjects(statement, artifact, crypto);
  return {
    check: group(id, { pass: 'the statement is about this artifact', fail: 'the statement is not the one that was demanded' }, [...type, subject.check], {
      spec: 'verification.md section 13',
    }),
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

async function checkSubjects(statement: Statement, artifact: Artifact, crypto: CryptoProvider): Promise<{ check: Check; digest: ArtifactStage['digest'] }> {
  const id = 'artifact.subject';
  if (statement.subjects.length === 0) return { check: fail(id, 'ARTIFACT_MISMATCH_SUBJECT', 'the statement names no subject'), digest: undefined };
  for (const subject of statement.subjects) {
    const algorithm = strongestAlgorithm(subject, artifact);
    const stated = algorithm === undefined ? undefined : subject.digest.get(algorithm);
    if (algorithm === undefined || stated === undefined || !LOWERCASE_HEX.test(stated)) continue;
    const actual = await artifact.digest(algorithm, crypto);
    if (actual === undefined || !equalBytes(actual, fromHex(stated))) continue;
    const name = subject.name === '' ? '' : ` (${quote(subject.name)})`;
    return { check: pass(id, `subject ${digestText(algorithm, actual)}${name}`), digest: { algorithm, value: actual } };
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
      return pass(id, `the ${content.kind === 'dsse' ? 'envelope' : 'artifact'} is signed with the ${keyText(key)} key`, {
        evidence: { algorithm: schemeText(scheme) },
        spec,
      });
  }
  // Asked only now: a signature that verifies has shown that its key is usable.
  if (!(await crypto.isUsable(key))) return fail(id, 'KEY_PARSE', `the ${keyText(key)} key is not usable: its point or modulus is unsound`, { spec });
  if (untried.length === schemes.length) return digestUnavailable(id, untried, message);
  if (untried.some((scheme) => scheme.name === 'ed25519'))
    return fail(id, 'SIGNATURE_DIGEST_ONLY', 'the signature is not Ed25519ph, and pure Ed25519 cannot be verified from a digest', { spec });
  const what = content.kind === 'dsse' ? 'envelope' : 'artifact';
  return fail(id, 'SIGNATURE_INVALID', `the signature over the ${what} does not verify with the ${keyText(key)} key`, {
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
function schemesOf(key: PublicKey, content: 'message' | 'dsse', hashes: readonly HashName[] | undefined): SignatureScheme[] {
  if (key.type === 'ed25519') return content === 'dsse' ? [{ name: 'ed25519' }] : [{ name: 'ed25519ph' }, { name: 'ed25519' }];
  if (key.type === 'rsa') return (hashes ?? ['sha256']).map((hash) => ({ name: 'rsa-pkcs1', hash }));
  const usual: Record<typeof key.curve, readonly HashName[]> = { 'P-256': ['sha256'], 'P-384': ['sha384', 'sha256'], 'P-521': ['sha512', 'sha256'] };
  return [...new Set([...usual[key.curve], ...(hashes ?? [])])].map((hash) => ({ name: 'ecdsa', hash }));
}

function schemeText(scheme: SignatureScheme): string {
  return 'hash' in scheme ? `${scheme.name} ${scheme.hash}` : scheme.name;
}

const STRONGEST_FIRST: readonly HashName[] = ['sha512', 'sha384', 'sha256'];
const LOWERCASE_HEX = /^(?:[0-9a-f]{2})+$/;
