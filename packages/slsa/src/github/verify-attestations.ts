/**
 * Attestations judged as GitHub's CLI judges them: each by the trust of whoever issued its certificate, then by the criteria. One that holds is enough;
 * the others are passed over, and only when none holds it matters why the last one does not.
 */
import {
  Artifact,
  type Check,
  type CryptoProvider,
  fail,
  failFrom,
  failures,
  group,
  type HashName,
  isTrustError,
  type TrustedRoot,
  type Verified,
  type VerifiedIdentity,
  type VerifyOptions,
  verify,
} from '@assay/core';
import { attestationText, checkCriteria } from './check-criteria.ts';
import { type ChosenTrust, chooseTrust, type TrustSources } from './choose-trust.ts';
import { ANY, type Criteria, expectedIdentity } from './criteria.ts';
import { type ReadBundle, readBundle } from './read-bundle.ts';

export interface VerifyAttestationsOptions {
  readonly artifact: { readonly algorithm: HashName; readonly value: Uint8Array };
  readonly criteria: Criteria;
  readonly trust: TrustSources;
  readonly crypto: CryptoProvider;
  readonly now: Date;
}

interface HasBundle {
  /** JSON of a Sigstore bundle. */
  readonly bundle: Uint8Array;
}

export interface AcceptedAttestation<Given extends HasBundle = HasBundle> {
  /** As the caller gave it. */
  readonly given: Given;
  readonly read: ReadBundle;
  readonly trustedRoot: TrustedRoot;
  readonly verified: Verified;
  readonly identity: VerifiedIdentity;
  readonly root: Check;
}

export interface AttestationVerdict<Given extends HasBundle = HasBundle> {
  /** In the order given. Empty: see `refusal`. */
  readonly accepted: readonly AcceptedAttestation<Given>[];
  readonly refusal: AttestationRefusal | undefined;
  readonly root: Check;
}

export interface AttestationRefusal {
  /** `signature`: certificate, log, time, signature, artifact, or the signer's name; `criteria`: what the certificate says of the source. */
  readonly stage: 'signature' | 'criteria';
  /** Of the last attestation that failed, in the words of GitHub's CLI. */
  readonly text: string;
  readonly check: Check;
}

/** Errors: `IDENTITY_PATTERN` for a pattern of the criteria that is none. Everything about the evidence is in the verdict. */
export async function verifyAttestations<Given extends HasBundle>(
  attestations: readonly Given[],
  options: VerifyAttestationsOptions,
): Promise<AttestationVerdict<Given>> {
  const { artifact, criteria } = options;
  const demands = {
    ...options,
    signer: { identities: [await expectedIdentity(criteria)] },
    artifact: Artifact.fromDigests({ [artifact.algorithm]: artifact.value }),
  };
  const refusals: AttestationRefusal[] = [];
  const compared: Compared<Given>[] = [];
  for (const given of attestations) {
    const judged = await judge(given, demands);
    if ('refusal' in judged) refusals.push(judged.refusal);
    else compared.push({ signed: judged, check: checkCriteria(judged.identity, criteria) });
  }
  const accepted = compared.filter(({ check }) => check.status === 'pass').map(({ signed }) => signed);
  return {
    accepted,
    refusal: accepted.length > 0 ? undefined : (criteriaRefusal(compared.at(-1)?.check) ?? refusals.at(-1) ?? nothing()),
    root: anyOf([...refusals.map(({ check }) => check), ...compared.map(({ signed, check }) => group('attestation', 'an attestation', [signed.root, check]))]),
  };
}

interface Compared<Given extends HasBundle> {
  readonly signed: AcceptedAttestation<Given>;
  readonly check: Check;
}

/** Whether a bundle holds in itself, whoever signed it and whatever it is about; no more than that. */
export async function checkAuthenticity(bundle: Uint8Array, options: Pick<VerifyAttestationsOptions, 'trust' | 'crypto' | 'now'>): Promise<Check> {
  const judged = await judge({ bundle }, { ...options, signer: { identities: [{ san: ANY, issuer: ANY }] }, artifact: undefined });
  return 'refusal' in judged ? judged.refusal.check : judged.root;
}

interface Demands extends Pick<VerifyAttestationsOptions, 'trust' | 'crypto' | 'now'> {
  readonly signer: VerifyOptions['signer'];
  readonly artifact: Artifact | undefined;
}

type Judged<Given extends HasBundle> = AcceptedAttestation<Given> | { readonly refusal: AttestationRefusal };

async function judge<Given extends HasBundle>(given: Given, { trust, signer, artifact, crypto, now }: Demands): Promise<Judged<Given>> {
  let read: ReadBundle;
  let chosen: ChosenTrust;
  try {
    read = readBundle(given.bundle);
  } catch (error) {
    return refusedFrom('failed to get bundle issuer', error);
  }
  const { bundle, organization } = read;
  try {
    chosen = await chooseTrust(organization, trust);
  } catch (error) {
    return refusedFrom('failed to find recognized issuer from bundle content', error);
  }
  const { trustedRoot, ignoresLog } = chosen;
  const { verified, root } = await verify(ignoresLog ? { ...bundle, entries: [] } : bundle, artifact, {
    signer,
    trustedRoot,
    crypto,
    now,
    ...chosen.demands,
    ...(artifact === undefined && { opaqueContent: true }),
  });
  if (verified?.identity !== undefined) return { given, read, trustedRoot, verified, identity: verified.identity, root };
  return { refusal: { stage: 'signature', text: `verifying with issuer ${JSON.stringify(organization)}`, check: root } };
}

function refusedFrom(prefix: string, error: unknown): { refusal: AttestationRefusal } {
  if (!isTrustError(error)) throw error;
  // Without a root to judge by, what to do is the answer.
  const advice = error.code === 'TRUST_ROOT_MISSING' ? `: ${error.hint}` : '';
  return { refusal: { stage: 'signature', text: `${prefix}: ${error.message}${advice}`, check: failFrom('attestation', error) } };
}

function criteriaRefusal(check: Check | undefined): AttestationRefusal | undefined {
  const [first] = check === undefined ? [] : failures(check);
  return first && { stage: 'criteria', text: attestationText(first) ?? first.says, check: first };
}

function nothing(): AttestationRefusal {
  const text = 'no attestations were verified';
  return { stage: 'signature', text, check: fail('attestation', 'ATTESTATION_NONE', text) };
}

/** One is enough: the others are told. */
function anyOf(checks: readonly Check[]): Check {
  const held = checks.filter(({ status }) => status === 'pass').length;
  if (held === 0) return group('attestations', 'no attestation holds', checks.length === 0 ? [nothing().check] : checks);
  const told = checks.map((check): Check => (check.status === 'pass' ? check : { ...check, optional: true }));
  return group('attestations', `${held} of ${checks.length} attestations hold`, told);
}
