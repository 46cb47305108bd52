/**
 * JudgedEvidence as it lies in files, whatever its form. Bundles are judged as they are; a bare envelope needs its log entry first, which a log is asked for, or
 * which was kept beside it.
 */
import { type Artifact, type Bundle, type Check, fail, failFrom, isTrustError, notVerified, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import type { HttpClient } from '@assay/net';
import { type EvidenceDocument, evidenceDocuments, judgeBuild } from '@assay/slsa';
import type { EnvelopeFile, LogProof } from '@assay/slsa/log-search';
import { isWeak, type JudgedEvidence } from '../judging.ts';
import { type BuildTrust, digestsOf, judgeEvidence } from './judge.ts';

export interface ContentTrust extends BuildTrust {
  /** Undefined: nothing may be asked. */
  readonly http: HttpClient | undefined;
  /** Default: the first log of the trusted root that can be searched. */
  readonly rekorUrl: string | undefined;
  /** Told of evidence that was not complete before the network was asked: JSON to be kept. */
  readonly onFound: (document: string) => void;
}

/** The first document that meets the demands, provenance before signatures; else what is wrong with each. Errors: those of `judgeEvidence`. */
export async function judgeContent(content: Uint8Array, artifact: Artifact, trust: ContentTrust): Promise<JudgedEvidence> {
  const refused: JudgedEvidence[] = [];
  let weak: JudgedEvidence | undefined;
  for (const document of evidenceDocuments(content)) {
    const evidence = await judgeDocument(document, artifact, trust);
    if (!evidence.ok) refused.push(evidence);
    else if (isWeak(evidence)) weak ??= evidence;
    else return evidence;
  }
  if (weak !== undefined) return weak;
  const [only, ...others] = refused as [JudgedEvidence, ...JudgedEvidence[]];
  if (others.length === 0) return only;
  return notVerified(refused.map(({ root }, i): Check => ({ ...root, id: 'document', says: `document ${i + 1} of ${refused.length} does not hold` })));
}

async function judgeDocument(document: EvidenceDocument, artifact: Artifact, trust: ContentTrust): Promise<JudgedEvidence> {
  const { form, bytes } = document;
  if (form === 'bundle') return judgeEvidence(bytes, artifact, trust);
  if (form === 'unknown') return notVerified([fail('bundle', 'SLSA_FORM', `not provenance of a known form: ${document.problem}`)]);
  if (form === 'cloud build') {
    const hint = 'use: assay slsa-verifier verify-image --provenance-path FILE --builder-id https://cloudbuild.googleapis.com/GoogleHostedWorker';
    return notVerified([
      fail('bundle', 'SLSA_UNSUPPORTED', 'provenance of Cloud Build is signed by keys, and has no certificate that names its source', { hint }),
    ]);
  }
  const search = await import('@assay/slsa/log-search');
  const judge = (bundle: Bundle): Promise<JudgedEvidence> => judgeEvidence(bundle, artifact, trust);
  try {
    if (form === 'envelope') return await judgeEnvelope(search.parseEnvelopeFile(bytes), artifact, trust);
    const kept = (await search.parseLoggedEnvelope(bytes, trust.options.crypto)) ?? [];
    return concluded(await search.judgeCandidates(kept, judge));
  } catch (error) {
    if (isTrustError(error)) return notVerified([failFrom('bundle', error)]);
    throw error;
  }
}

async function judgeEnvelope(file: EnvelopeFile, artifact: Artifact, trust: ContentTrust): Promise<JudgedEvidence> {
  const { http, options } = trust;
  const { encodeLoggedEnvelope, judgeUnlogged, searchByDigest, searchByEntry } = await import('@assay/slsa/log-search');
  if (http === undefined) {
    const { check, signed } = await judgeUnlogged(file, options);
    const rest = signed === undefined ? [] : judgeBuild(signed, trust.demands, await digestsOf(artifact)).checks;
    return notVerified([check, ...rest]);
  }
  const judge = (bundle: Bundle): Promise<JudgedEvidence> => judgeEvidence(bundle, artifact, trust);
  const place = { url: trust.rekorUrl ?? searchableLog(trust), http, crypto: options.crypto };
  if (file.lookup === 'entry') return concluded(await searchByEntry(file, place, judge), keep);
  const sha256 = await artifact.digest('sha256', nodeCrypto);
  if (sha256 === undefined) {
    const says = 'the log is searched by SHA-256, and only another digest of the artifact is known';
    return notVerified([fail('slsa.log.search', 'ARTIFACT_MISMATCH_ALGORITHM', says, { expected: 'sha256', found: artifact.algorithms.join(', ') })]);
  }
  return concluded(await searchByDigest(file, toHex(sha256), place, judge), keep);

  function keep(candidate: NonNullable<LogProof['candidate']>): void {
    trust.onFound(encodeLoggedEnvelope(candidate));
  }
}

/** Logs of the second version cannot be searched; they have keys of another kind. */
function searchableLog({ options: { trustedRoot } }: BuildTrust): string | undefined {
  return trustedRoot.logs.find(({ key, baseUrl }) => key.type === 'ec' && baseUrl !== '')?.baseUrl;
}

function concluded({ check, candidate, verification }: LogProof, keep?: (candidate: NonNullable<LogProof['candidate']>) => void): JudgedEvidence {
  if (check.status !== 'pass' || candidate === undefined || verification === undefined) return notVerified([check]);
  keep?.(candidate);
  return { ...verification, root: { ...verification.root, checks: [check] } };
}
