/** One piece of evidence, verified by core and judged as a build: by the trust of whoever issued its certificate. */
import {
  type Artifact,
  type Bundle,
  Certificate,
  type Check,
  failFrom,
  type HashName,
  isTrustError,
  judged,
  notVerified,
  parseBundle,
  pass,
  type TrustedRoot,
  toHex,
  type Verification,
  type Verified,
  type VerifyOptions,
  verify,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type BuildDemands, judgeBuild } from '@assay/slsa';
import { chooseTrust, GITHUB_INSTANCE, issuerOrganizations } from '@assay/slsa/github';
import type { JudgedEvidence } from '../judging.ts';

export interface BuildTrust {
  /** Without findings. */
  readonly options: VerifyOptions;
  readonly demands: BuildDemands;
  /** Of GitHub's own instance; asked for its certificates alone. Undefined: one root was named, which judges everything. */
  readonly githubRoot: (() => Promise<TrustedRoot>) | undefined;
}

/** A root that cannot be had is a failed check too: other evidence may need another. */
export async function judgeEvidence(evidence: Bundle | Uint8Array, artifact: Artifact, trust: BuildTrust): Promise<JudgedEvidence> {
  const read = parsed(evidence);
  if (read instanceof Uint8Array) return verify(read, artifact, trust.options);
  try {
    return await judgeBundle(read, artifact, trust);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return notVerified([failFrom('trust', error, { hint: error.hint.replace('--custom-trusted-root', '--trusted-root') })]);
  }
}

async function judgeBundle(read: Bundle, artifact: Artifact, trust: BuildTrust): Promise<JudgedEvidence> {
  const { bundle, options, told } = await underTrust(read, trust);
  const strict = await verify(bundle, artifact, options);
  if (strict.verified !== undefined) return conclude(strict, strict.verified, { trust, told, digests: new Map() });
  // Statements that core does not read, or that are about something else, are judged apart: so that all of what is wrong is told.
  if (bundle.content.kind !== 'dsse' || options.predicateType !== undefined || options.annotations !== undefined) return judged(strict, told);
  const opaque = await verify(bundle, undefined, { ...options, opaqueContent: true });
  if (opaque.verified === undefined) return judged(strict, told);
  return conclude(opaque, opaque.verified, { trust, told, digests: await digestsOf(artifact) });
}

interface Known {
  readonly trust: BuildTrust;
  readonly told: readonly Check[];
  readonly digests: ReadonlyMap<string, string>;
}

function conclude(verification: Verification, verified: Verified, { trust, told, digests }: Known): JudgedEvidence {
  const { checks, facts, builder, level } = judgeBuild(verified, trust.demands, digests);
  const whole = judged(verification, [...told, ...checks]);
  const [algorithm, hex] = [...digests][0] ?? [];
  return whole.ok ? { ...whole, build: { facts, builder, level, digest: algorithm && `${algorithm}:${hex}` } } : whole;
}

/** Certificates may come alone or with their chain in every version: whoever makes provenance has done both. */
export function parsed(evidence: Bundle | Uint8Array): Bundle | Uint8Array {
  if (!(evidence instanceof Uint8Array)) return evidence;
  try {
    return parseBundle(evidence, { anyCertificateForm: true });
  } catch (error) {
    if (isTrustError(error)) return evidence;
    throw error;
  }
}

/** The name of its issuer only chooses the root: whether the certificate is really theirs is what verification finds out. */
export async function underTrust(bundle: Bundle, { options, githubRoot }: Pick<BuildTrust, 'options' | 'githubRoot'>) {
  // Old clients put the whole chain into bundles, root and all; a path is built to the trusted root only.
  const whole = bundle.material.kind === 'certificate' ? { ...bundle, material: { ...bundle.material, others: [] } } : bundle;
  if (!isGithubInstance(bundle)) return { bundle: whole, options, told: [] };
  const root = githubRoot === undefined ? options.trustedRoot : await githubRoot();
  const none = () => Promise.reject(new TypeError('the root is known'));
  try {
    const { trustedRoot, demands } = await chooseTrust(GITHUB_INSTANCE, { custom: [root], publicGood: none, github: none });
    const told = [pass('trust.github', "certified by GitHub's own instance: a signed timestamp stands for the public log")];
    const timestampThreshold = Math.max(options.timestampThreshold ?? 0, demands.timestampThreshold ?? 0);
    return { bundle: { ...whole, entries: [] }, options: { ...options, ...demands, timestampThreshold, trustedRoot }, told };
  } catch (error) {
    // The root that was named does not have this authority; so verification will say.
    if (isTrustError(error) && error.code === 'ATTESTATION_ISSUER') return { bundle: whole, options, told: [] };
    throw error;
  }
}

function isGithubInstance({ material }: Bundle): boolean {
  if (material.kind !== 'certificate') return false;
  try {
    const organizations = issuerOrganizations(Certificate.parse(material.leaf));
    return organizations.length === 1 && organizations[0] === GITHUB_INSTANCE;
  } catch (error) {
    if (isTrustError(error)) return false;
    throw error;
  }
}

export async function digestsOf(artifact: Artifact): Promise<ReadonlyMap<string, string>> {
  const digests = new Map<string, string>();
  for (const algorithm of HASHES) {
    const value = await artifact.digest(algorithm, nodeCrypto);
    if (value !== undefined) digests.set(algorithm, toHex(value));
  }
  return digests;
}

const HASHES: readonly HashName[] = ['sha256', 'sha384', 'sha512'];
