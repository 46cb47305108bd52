/** Summaries in every form that they come in, verified by core or by the key alone, and judged by what they say. */
import { type Bundle, type Check, fail, failFrom, group, isTrustError, judged, type PublicKey, parseBundle, type VerifyOptions, verify } from '@assay/core';
import type { Evidence, Unreadable } from '@assay/oci';
import { evidenceDocuments, judgeVsa, predicateTypeIn, type VerificationSummary, VSA_PREDICATE_TYPE, type VsaDemands, verifyVsa } from '@assay/slsa';

export interface JudgedSummary {
  readonly root: Check;
  /** Only when all is well. */
  readonly summary: VerificationSummary | undefined;
}

export interface SummaryDemands {
  readonly options: VerifyOptions;
  readonly demands: VsaDemands;
  /** How envelopes call the key. */
  readonly keyId: string | undefined;
}

/** The first document that says what is demanded; else what is wrong with each. */
export async function judgeContent(content: Uint8Array, wanted: SummaryDemands): Promise<JudgedSummary> {
  const { options } = wanted;
  const results: JudgedSummary[] = [];
  for (const { form, bytes } of evidenceDocuments(content)) {
    const result = form === 'envelope' && 'key' in options.signer ? await judgeEnvelope(bytes, options.signer.key, wanted) : await judgeBundle(bytes, wanted);
    if (result.summary !== undefined) return result;
    results.push(result);
  }
  const [first, ...others] = results as [JudgedSummary, ...JudgedSummary[]];
  if (others.length === 0) return first;
  return concluded(
    results.map(({ root }, i): Check => ({ ...root, id: 'document', says: `document ${i + 1} of ${results.length} does not hold` })),
    undefined,
  );
}

/** Undefined for what says of itself that it is something else: an image may have many attestations. */
export async function judgePiece(piece: Evidence | Unreadable, wanted: SummaryDemands): Promise<JudgedSummary | undefined> {
  try {
    if (piece.format === undefined) throw piece.problem;
    const { bundleFrom } = await import('../verify-image.ts');
    const bundle = bundleFrom(piece);
    const { content } = bundle;
    if (content.kind !== 'dsse' || predicateTypeIn(content.payload) !== VSA_PREDICATE_TYPE) return undefined;
    return await judgeBundle(bundle, wanted);
  } catch (error) {
    if (isTrustError(error)) return concluded([failFrom('bundle', error)], undefined);
    throw error;
  }
}

async function judgeEnvelope(bytes: Uint8Array, key: PublicKey, { options, demands, keyId }: SummaryDemands): Promise<JudgedSummary> {
  const { root, summary } = await verifyVsa(bytes, { key, keyId }, demands, options);
  if ((options.logThreshold ?? 0) === 0) return { root, summary };
  const says = 'a bare envelope carries no proof that it was logged';
  return concluded([...(root.checks ?? []), fail('tlog', 'TLOG_THRESHOLD', says, { expected: String(options.logThreshold), found: '0' })], undefined);
}

/** `bundle`: parsed, or the bytes of its JSON. */
async function judgeBundle(bundle: Bundle | Uint8Array, { options, demands }: SummaryDemands): Promise<JudgedSummary> {
  try {
    const parsed = bundle instanceof Uint8Array ? parseBundle(bundle) : bundle;
    if (parsed.content.kind !== 'dsse') return concluded([fail('bundle', 'VSA_STATEMENT', 'a signature over something, and no summary')], undefined);
    const verification = await verify(parsed, undefined, { ...options, findings: [], opaqueContent: true });
    const content = verification.verified?.content;
    if (content === undefined) return { root: verification.root, summary: undefined };
    const { checks, summary } = judgeVsa(content, demands);
    const { root, ok } = judged(verification, checks);
    return { root, summary: ok ? summary : undefined };
  } catch (error) {
    if (isTrustError(error)) return concluded([failFrom('bundle', error)], undefined);
    throw error;
  }
}

export function concluded(checks: readonly Check[], summary: VerificationSummary | undefined): JudgedSummary {
  const root = group('vsa', { pass: 'the summary says what is demanded', fail: 'the summary does not hold' }, checks);
  return { root, summary: root.status === 'pass' ? summary : undefined };
}

/** Where evidence and trust came from, first in the tree. */
export function withFindings({ root, summary }: JudgedSummary, findings: readonly Check[]): JudgedSummary {
  return { root: { ...root, checks: [...findings, ...(root.checks ?? [])] }, summary };
}
