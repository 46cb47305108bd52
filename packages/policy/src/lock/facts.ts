/** What one piece of verified evidence says, in the words of the lock. */
import { isVerified, type Verified } from '@assay/core';
import { type BuildJudgement, certificateFacts } from '@assay/slsa';
import { type EvidenceLevel, evidenceLevel } from './level.ts';
import { anyTag } from './named-ref.ts';

/** Either `issuer` and `identity`, or `key`. */
export interface LockFacts {
  readonly issuer?: string | undefined;
  /** In full, ref and all. */
  readonly identity?: string | undefined;
  /** `sha256:HEX` */
  readonly key?: string | undefined;
  readonly source?: string | undefined;
  readonly ref?: string | undefined;
  readonly commit?: string | undefined;
  /** Only where provenance says how the artifact was built. */
  readonly builder?: string | undefined;
  readonly level: EvidenceLevel;
  readonly kind: 'signature' | 'provenance' | 'sbom' | 'statement';
}

/** `build`: what `judgeBuild` has made of it. Throws `TypeError` for values that were not verified. */
export function lockFacts(verified: Verified, build: (Pick<BuildJudgement, 'facts' | 'builder'> & { readonly level: number }) | undefined): LockFacts {
  const { identity, artifact, statement, payload, content } = verified;
  const values = [identity, artifact, statement, payload, content].filter((value) => value !== undefined);
  if (values.length === 0 || !values.every(isVerified)) throw new TypeError('only what was verified is locked');
  const { source, ref, commit } = { ...build?.facts, ...(identity && certificateFacts(identity)) };
  const level = build?.level ?? 0;
  return {
    ...(identity === undefined ? { key: `sha256:${verified.keyFingerprint}` } : { issuer: identity.oidcIssuer, identity: identity.san }),
    source,
    ref,
    commit,
    builder: level > 0 ? build?.builder : undefined,
    level: evidenceLevel(verified, level),
    kind: level > 0 ? 'provenance' : kindOf(statement?.predicateType),
  };
}

function kindOf(predicateType: string | undefined): LockFacts['kind'] {
  if (predicateType === undefined || predicateType === COSIGN_SIGN) return 'signature';
  if (predicateType.startsWith(PROVENANCE)) return 'provenance';
  return SBOM.test(predicateType) ? 'sbom' : 'statement';
}

/**
 * Whether two pieces are by the same signer: the same key, the same name but for the tag, or two jobs of one commit, as a release's own workflow and the
 * builder that it calls.
 */
export function sameSigner(a: LockFacts, b: LockFacts): boolean {
  if (a.key !== undefined || b.key !== undefined) return a.key === b.key;
  if (a.issuer !== b.issuer) return false;
  if (anyTag(a.identity ?? '') === anyTag(b.identity ?? '')) return true;
  return a.source !== undefined && a.commit !== undefined && a.source === b.source && a.commit === b.commit;
}

/** For people. */
export function signerText({ key, identity, issuer }: Pick<LockFacts, 'key' | 'identity' | 'issuer'>): string {
  return key === undefined ? `${identity} (${issuer})` : `the key ${key}`;
}

/** Of whatever version: which of them say enough for a level, `judgeBuild` knows. */
const PROVENANCE = 'https://slsa.dev/provenance/';
const COSIGN_SIGN = 'https://sigstore.dev/cosign/sign/v1';
/** With a version behind it or without. */
const SBOM = /^https:\/\/(?:cyclonedx\.org\/bom|spdx\.dev\/Document)(?:\/|$)/;
