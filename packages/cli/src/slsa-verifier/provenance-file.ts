/**
 * A file with provenance, in any of its forms (slsa.md section 1.4): a Sigstore bundle; a bare envelope, whose log proof is searched; an envelope that was
 * kept together with its proof.
 */
import { isTrustError, judged, MAX_BUNDLE_BYTES, quote, TrustError, type Verification } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import {
  bundleMisfit,
  type GithubDemands,
  type GithubJudgement,
  githubSigner,
  isBundleForm,
  judgeGithub,
  notVerified,
  type ProvenanceTrust,
  verifyEnvelope,
  verifyProvenanceBundle,
} from '@assay/slsa';
import type { EnvelopeFile, LogCandidate, LogProof } from '@assay/slsa/log-search';
import { named } from '../named.ts';
import { openHttp, type Session } from './session.ts';

export interface JudgedProvenance {
  readonly verification: Verification;
  /** Absent when the signature did not hold. */
  readonly judgement?: GithubJudgement;
  /** The signed bytes, as they are. */
  readonly payload?: Uint8Array;
  /** One line: the provenance with the proof that a log gave. Absent for what holds its own. */
  readonly logged?: string;
}

/** Errors: `FILE_…`, `SLSA_FORM`, `NET_…`. */
export async function verifyProvenanceFile(path: string, demands: GithubDemands, session: Session): Promise<JudgedProvenance> {
  const content = readFileCapped(path, MAX_BUNDLE_BYTES);
  const trust = await session.trust();
  if (isBundleForm(content)) return judgeVerified(await verifyProvenanceBundle(content, trust), demands);
  const search = await import('@assay/slsa/log-search');
  const judge = async (bundle: Parameters<typeof verifyEnvelope>[0]) => verifyEnvelope(bundle, githubSigner(), { ...trust, findings: [] });
  const kept = await search.parseLoggedEnvelope(content, trust.crypto);
  if (kept !== undefined) return (await judgeLogged(await search.judgeCandidates(kept, judge), demands, trust, session)).judged;
  const file = named(path, () => parseEnvelope(content, search.parseEnvelopeFile));
  if (session.offline) return judgeOffline(file, demands, trust);

  const http = openHttp(session);
  try {
    const place = { url: session.flags.text('rekor-url'), http, crypto: trust.crypto, signal: session.signal };
    if (file.lookup === 'index') session.io.stderr('No certificate provided, trying Redis search index to find entries by subject digest\n');
    const proof = file.lookup === 'entry' ? await search.searchByEntry(file, place, judge) : await search.searchByDigest(file, demands.digest, place, judge);
    const { judged: result, candidate } = await judgeLogged(proof, demands, trust, session);
    return { ...result, ...(candidate && { logged: `${search.encodeLoggedEnvelope(candidate)}\n` }) };
  } finally {
    http.close();
  }
}

/** The mistakes that people make with files named `.jsonl`: a second document behind the first, and bundles with something added. */
function parseEnvelope(content: Uint8Array, parse: (content: Uint8Array) => EnvelopeFile): EnvelopeFile {
  try {
    return parse(content);
  } catch (error) {
    if (!isTrustError(error) || error.code !== 'SLSA_FORM') throw error;
    const misfit = bundleMisfit(content);
    const reason = misfit === undefined ? error.message : `a Sigstore bundle has no such member, or another kind of it: ${quote(misfit, 100)}`;
    throw new TrustError('SLSA_FORM', `neither a Sigstore bundle nor a DSSE envelope: ${reason}`, { hint: error.hint, cause: error });
  }
}

/** `candidate`: what was proven to be on record. */
async function judgeLogged(
  { check, candidate, verification }: LogProof,
  demands: GithubDemands,
  { findings = [] }: ProvenanceTrust,
  { io }: Session,
): Promise<{ readonly judged: JudgedProvenance; readonly candidate?: LogCandidate }> {
  if (check.status !== 'pass' || candidate === undefined || verification?.verified === undefined) {
    return { judged: { verification: notVerified([...findings, check]) } };
  }
  const { verifiedLine } = await import('@assay/slsa/log-search');
  io.stderr(`${verifiedLine(verification.verified, candidate)}\n`);
  const { root } = verification;
  return { judged: judgeVerified({ ...verification, root: { ...root, checks: [...findings, check] } }, demands), candidate };
}

/** The tree never passes; what it would say besides is told all the same. */
async function judgeOffline(file: EnvelopeFile, demands: GithubDemands, { findings = [], ...trust }: ProvenanceTrust): Promise<JudgedProvenance> {
  const { judgeUnlogged } = await import('@assay/slsa/log-search');
  const { check, signed } = await judgeUnlogged(file, { ...trust, signer: githubSigner() });
  const rest = signed === undefined ? [] : judgeGithub(signed, demands).checks;
  return { verification: notVerified([...findings, check, ...rest]) };
}

/** What holds is judged; what does not, is not read. */
export function judgeVerified(verification: Verification, demands: GithubDemands): JudgedProvenance {
  const { verified } = verification;
  if (verified === undefined) return { verification };
  const judgement = judgeGithub(verified, demands);
  const payload = verified.content?.bytes;
  return { verification: judged(verification, judgement.checks), judgement, ...(payload && { payload }) };
}
