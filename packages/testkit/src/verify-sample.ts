/** Judging a sample with core's verifier: the one way in which tests turn a `Sample` into a verdict. */
import {
  Artifact,
  type Check,
  type CryptoProvider,
  type ErrorCode,
  type ExpectedIdentity,
  type ExpectedSigner,
  exactly,
  failures,
  isTrustError,
  parsePublicKeyPem,
  parseTrustedRoot,
  TrustError,
  type Verification,
  verify,
} from '@assay/core';
import { digest } from '@assay/make';
import type { ExpectedSan, Sample, SamplePolicy } from './sample.ts';

export interface Verdict {
  readonly ok: boolean;
  /** Of the first failing check, or of the error with which an input was refused. */
  readonly code?: ErrorCode;
  /** For the message of a failed test. */
  readonly says?: string;
  /** Absent when the trusted root or the key could not be read. */
  readonly verification?: Verification;
}

export async function verifySample(sample: Sample, crypto: CryptoProvider): Promise<Verdict> {
  try {
    const { policy, now } = sample;
    const verification = await verify(sample.bundleBytes, artifactOf(sample), {
      signer: await expectedSigner(policy, crypto),
      trustedRoot: parseTrustedRoot(sample.trustedRootBytes),
      crypto,
      now,
      logThreshold: policy.tlogThreshold ?? 1,
      ctLogThreshold: policy.ctlogThreshold ?? 1,
      timestampThreshold: policy.timestampThreshold ?? 0,
      ...(policy.predicateType !== undefined && { predicateType: policy.predicateType }),
    });
    if (verification.ok) return { ok: true, verification };
    return { ok: false, ...firstFailure(verification.root), verification };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return { ok: false, code: error.code, says: error.message };
  }
}

function firstFailure(root: Check): Pick<Verdict, 'code' | 'says'> {
  const [first] = failures(root);
  return first?.code === undefined ? { says: 'no failed check' } : { code: first.code, says: `${first.id}: ${first.says}` };
}

function artifactOf({ artifact, policy: { digestOnly } }: Sample): Artifact {
  return digestOnly === undefined ? Artifact.fromBytes(artifact) : Artifact.fromDigests({ [digestOnly]: digest(digestOnly, artifact) });
}

async function expectedSigner({ identities = [], key, keyWindow }: SamplePolicy, crypto: CryptoProvider): Promise<ExpectedSigner> {
  if (key === undefined) return { identities: identities.map(expectedIdentity) };
  const parsed = parsePublicKeyPem(key);
  if (!(await crypto.isUsable(parsed))) throw new TrustError('KEY_PARSE', 'public key: the point is not on its curve');
  return { key: parsed, ...(keyWindow !== undefined && { window: { start: keyWindow.start, end: keyWindow.end } }) };
}

function expectedIdentity({ san, issuer, extensions = {} }: ExpectedSan): ExpectedIdentity {
  const matchers = Object.entries(extensions).map(([name, value]) => [name, exactly(value)]);
  return { san: exactly(san), issuer: exactly(issuer), extensions: Object.fromEntries(matchers) };
}
