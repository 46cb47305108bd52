/**
 * Evidence, whoever has signed it: verified as any other, and as a build judged by what its own certificate names as source and builder. What that is
 * worth, the lock says afterwards, or whoever reviews a first use.
 */
import {
  type Artifact,
  type Bundle,
  Certificate,
  type CertificateIdentity,
  type Check,
  fail,
  failFrom,
  IN_TOTO_PAYLOAD_TYPE,
  identityOf,
  isTrustError,
  judged,
  type Matcher,
  notVerified,
  verify,
} from '@assay/core';
import {
  type BuildDemands,
  certificateFacts,
  evidenceDocuments,
  type Provenance,
  parseSourceRepository,
  predicateFacts,
  predicateTypeIn,
  provenanceOf,
  readStatement,
  type SourceRepository,
  StatementError,
} from '@assay/slsa';
import { type ContentTrust, judgeContent } from '../build/evidence-content.ts';
import { judgeEvidence, parsed, underTrust } from '../build/judge.ts';
import type { JudgedEvidence } from '../judging.ts';

/** `demands`: of the command line. Undefined: what the evidence says of itself. */
export interface AnyTrust extends Omit<ContentTrust, 'demands'> {
  readonly demands: BuildDemands | undefined;
  /** For envelopes that do not say who signed them: what they are to be built from. */
  readonly expected: BuildDemands | undefined;
}

/** Any signer that has a name: it is compared afterwards. Nobody's name has a space in it, nor the `*` that the lock writes for a tag. */
export const ANYONE: Matcher = { kind: 'pattern', pattern: '[^\\s*]+', mode: 'whole', matches: (text) => /^[^\s*]+$/.test(text) };

/** Like `verify`, with what is known of the build. */
export async function judgeAnyone(evidence: Bundle | Uint8Array, artifact: Artifact, trust: AnyTrust): Promise<JudgedEvidence> {
  const bundle = parsed(evidence);
  if (bundle instanceof Uint8Array) return verify(bundle, artifact, trust.options);
  if (saysSomethingElse(bundle)) return judgePlain(bundle, artifact, trust);
  const refused: JudgedEvidence[] = [];
  for (const demands of trust.demands === undefined ? ownDemands(bundle) : [trust.demands]) {
    const judgement = await judgeEvidence(bundle, artifact, { ...trust, demands });
    if (judgement.ok) return trust.demands === undefined ? asItSays(judgement) : judgement;
    refused.push(judgement);
  }
  return refused[0] ?? judgePlain(bundle, artifact, trust);
}

/** Nobody has demanded what it says of itself. */
function asItSays(evidence: JudgedEvidence): JudgedEvidence {
  const { root } = evidence;
  const reworded = (check: Check): Check => ({
    ...check,
    says: check.says.replace(/, as (?:it was )?demanded$/, ', as it says of itself'),
    ...(check.checks && { checks: check.checks.map(reworded) }),
  });
  const checks = (root.checks ?? []).map((check) => (check.id === 'build' ? reworded(check) : check));
  return { ...evidence, root: { ...root, checks } };
}

/** Every document of a file. */
export async function judgeDocuments(content: Uint8Array, artifact: Artifact, trust: AnyTrust): Promise<readonly JudgedEvidence[]> {
  const results: JudgedEvidence[] = [];
  for (const { form, bytes } of evidenceDocuments(content))
    results.push(form === 'bundle' ? await judgeAnyone(bytes, artifact, trust) : await judgeOther(bytes, artifact, trust));
  return results;
}

async function judgeOther(bytes: Uint8Array, artifact: Artifact, trust: AnyTrust): Promise<JudgedEvidence> {
  const demands = trust.demands ?? trust.expected;
  if (demands !== undefined) return judgeContent(bytes, artifact, { ...trust, demands });
  const hint = 'if it is provenance, say what it must be built from: --source github.com/OWNER/REPOSITORY';
  return notVerified([fail('bundle', 'SLSA_FORM', 'not a bundle, and so without a certificate that says who signed it', { hint })]);
}

/** No build: an SBOM, a scan, or a signature of somebody who is no workflow. */
async function judgePlain(bundle: Bundle, artifact: Artifact, trust: AnyTrust): Promise<JudgedEvidence> {
  try {
    const { bundle: whole, options, told } = await underTrust(bundle, trust);
    return judged(await verify(whole, artifact, options), told);
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return notVerified([failFrom('trust', error)]);
  }
}

/** Neither how it was built nor a signature over the thing itself. */
function saysSomethingElse({ content }: Bundle): boolean {
  if (content.kind !== 'dsse') return false;
  const type = predicateTypeIn(content.payload);
  return type !== undefined && type !== COSIGN_SIGN && !type.startsWith(PROVENANCE);
}

/**
 * What the evidence says of its own build: as demands they hold of themselves, so that what is judged is whether it is sound, and which level it supports.
 * Nothing here is believed before it is verified. Builders of the source itself and of the SLSA project come first, then whoever is named.
 */
function ownDemands(bundle: Bundle): readonly BuildDemands[] {
  const provenance = provenanceIn(bundle);
  if (bundle.material.kind === 'publicKey') {
    const source = provenance && sourceOf(predicateFacts(provenance).source);
    return source === undefined ? [] : [{ source, builder: provenance?.builderId }];
  }
  const identity = identityIn(bundle.material.leaf);
  const facts = identity && certificateFacts({ san: identity.san.value, sanKind: identity.san.kind, extensions: identity.extensions });
  const source = facts && sourceOf(facts.source);
  // What another issuer vouches for is no build of this forge, whatever the certificate names.
  if (source === undefined || (source.forge !== undefined && source.forge.issuer !== identity?.oidcIssuer)) return [];
  return [...new Set([undefined, facts?.builder, provenance?.builderId])].map((builder) => ({ source, builder }));
}

function provenanceIn({ content }: Bundle): Provenance | undefined {
  if (content.kind !== 'dsse') return undefined;
  try {
    return provenanceOf(readStatement({ type: IN_TOTO_PAYLOAD_TYPE, bytes: content.payload }));
  } catch (error) {
    if (error instanceof StatementError) return undefined;
    throw error;
  }
}

function identityIn(leaf: Uint8Array): CertificateIdentity | undefined {
  return orUndefined(() => identityOf(Certificate.parse(leaf)));
}

/** `uri`: as evidence or a lock names it. Undefined for what is no repository. */
export function sourceOf(uri: string | undefined): SourceRepository | undefined {
  return uri === undefined ? undefined : orUndefined(() => parseSourceRepository(uri));
}

function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';
const PROVENANCE = 'https://slsa.dev/provenance/';
