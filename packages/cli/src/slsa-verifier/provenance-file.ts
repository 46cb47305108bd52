/**
 * A file with provenance, in any of its forms (slsa.md section 1.4): a Sigstore bundle; a bare envelope, whose log proof is searched; an envelope that was
 * kept together with its proof.
 */
import { equalBytes, isTrustError, judged, MAX_BUNDLE_BYTES, notVerified, quote, TrustError, type Verification } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import {
  bundleMisfit,
  type GithubDemands,
  type GithubJudgement,
  githubSigner,
  isBundleForm,
  judgeGithub,
  type ProvenanceTrust,
  verifyEnvelope,
  verifyProvenanceBundle,
} from '@assay/slsa';
import type { EnvelopeFile, Judge, LogCandidate, LogPlace, LogProof } from '@assay/slsa/log-search';
import { named } from '../named.ts';
import { withHttp } from '../with-http.ts';
import type { Session } from './session.ts';

export interface JudgedProvenance {
  readonly verification: Verification;
  /** Absent when the signature did not hold. */
  readonly judgement?: GithubJudgement;
  /** The signed bytes, as they are. */
  readonly payload?: Uint8Array;
  /** One line: the provenance with the proof that a log gave. Absent for what holds its own. */
  readonly logged?: string;
}

/** What the file says of one artifact. Errors: `FILE_…`, `SLSA_FORM`, `NET_…`. */
export type JudgeArtifact = (demands: GithubDemands) => Promise<JudgedProvenance>;

/** Opens nothing yet. The file is read for each artifact, and verified again only if it has become another one. */
export function provenanceFile(path: string, session: Session): JudgeArtifact {
  let opened: { readonly content: Uint8Array; readonly judge: JudgeArtifact } | undefined;
  return async (demands) => {
    const content = readFileCapped(path, MAX_BUNDLE_BYTES);
    if (opened === undefined || !equalBytes(opened.content, content)) opened = { content, judge: await openProvenance(content, path, session) };
    return opened.judge(demands);
  };
}

async function openProvenance(content: Uint8Array, path: string, session: Session): Promise<JudgeArtifact> {
  const trust = await session.trust();
  if (isBundleForm(content)) {
    const verification = await verifyProvenanceBundle(content, trust);
    return async (demands) => judgeVerified(verification, demands);
  }
  const search = await import('@assay/slsa/log-search');
  const kept = await search.parseLoggedEnvelope(content, trust.crypto);
  if (kept !== undefined) {
    const proof = await search.judgeCandidates(kept, envelopeJudge(trust));
    return async (demands) => (await judgeLogged(proof, demands, trust, session)).judged;
  }
  const file = named(path, () => parseEnvelope(content, search.parseEnvelopeFile));
  if (session.offline) return (demands) => judgeOffline(file, demands, trust);
  return openUnlogged(file, trust, session);
}

/** A log knows an envelope with its certificate by what was signed; without one, by each of its artifacts. */
async function openUnlogged(file: EnvelopeFile, trust: ProvenanceTrust, session: Session): Promise<JudgeArtifact> {
  const { flags, io } = session;
  const { encodeLoggedEnvelope, searchByDigest, searchByEntry } = await import('@assay/slsa/log-search');
  const judge = envelopeJudge(trust);
  const ask = (search: (place: LogPlace) => Promise<LogProof>): Promise<LogProof> =>
    withHttp(io, (http) => search({ url: flags.text('rekor-url'), http, crypto: trust.crypto, signal: session.signal }));
  const conclude = async (proof: LogProof, demands: GithubDemands): Promise<JudgedProvenance> => {
    const { judged: result, candidate } = await judgeLogged(proof, demands, trust, session);
    return { ...result, ...(candidate && { logged: `${encodeLoggedEnvelope(candidate)}\n` }) };
  };
  if (file.lookup === 'entry') {
    const proof = await ask((place) => searchByEntry(file, place, judge));
    return (demands) => conclude(proof, demands);
  }
  return async (demands) => {
    const proof = await ask((place) => {
      io.stderr('No certificate provided, trying Redis search index to find entries by subject digest\n');
      return searchByDigest(file, demands.digest, place, judge);
    });
    return conclude(proof, demands);
  };
}

/** The tree tells of the trust once, outside what lies in the log. */
function envelopeJudge(trust: ProvenanceTrust): Judge {
  return async (bundle) => verifyEnvelope(bundle, githubSigner(), { ...trust, findings: [] });
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
