/**
 * A file with provenance, in any of its forms (slsa.md section 1.4): a Sigstore bundle; a bare envelope, whose log proof is searched; an envelope that was
 * kept together with its proof.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { isTrustError, judged, MAX_BUNDLE_BYTES, TrustError, type Verification } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import {
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
import type { EnvelopeFile, LogProof } from '@assay/slsa/log-search';
import { named } from '../named.ts';
import { openHttp, type Session } from './session.ts';

export interface JudgedProvenance {
  readonly verification: Verification;
  /** Absent when the signature did not hold. */
  readonly judgement?: GithubJudgement;
  /** The signed bytes, as they are. */
  readonly payload?: Uint8Array;
}

/** Errors: `FILE_…`, `SLSA_FORM`, `NET_…`. */
export async function verifyProvenanceFile(path: string, demands: GithubDemands, session: Session): Promise<JudgedProvenance> {
  const content = readFileCapped(path, MAX_BUNDLE_BYTES);
  const trust = await session.trust();
  if (isBundleForm(content)) return judgeVerified(await verifyProvenanceBundle(content, trust), demands);
  const search = await import('@assay/slsa/log-search');
  const judge = async (bundle: Parameters<typeof verifyEnvelope>[0]) => verifyEnvelope(bundle, await githubSigner(), { ...trust, findings: [] });
  const kept = await search.parseLoggedEnvelope(content, trust.crypto);
  if (kept !== undefined) return judgeLogged(await search.judgeCandidates(kept, judge), demands, trust, session);
  const file = named(path, () => parseEnvelope(content, search.parseEnvelopeFile));
  if (session.offline) return judgeOffline(file, demands, trust);

  const http = openHttp(session);
  try {
    const place = { url: session.flags.text('rekor-url'), http, crypto: trust.crypto, signal: session.signal };
    if (file.lookup === 'index') session.io.stderr('No certificate provided, trying Redis search index to find entries by subject digest\n');
    const proof = file.lookup === 'entry' ? await search.searchByEntry(file, place, judge) : await search.searchByDigest(file, demands.digest, place, judge);
    return judgeLogged(proof, demands, trust, session);
  } finally {
    http.close();
  }
}

/** A second document behind the first is the mistake people make with files named `.jsonl`. */
function parseEnvelope(content: Uint8Array, parse: (content: Uint8Array) => EnvelopeFile): EnvelopeFile {
  try {
    return parse(content);
  } catch (error) {
    if (!isTrustError(error) || error.code !== 'SLSA_FORM') throw error;
    throw new TrustError('SLSA_FORM', `neither a Sigstore bundle nor a DSSE envelope: ${error.message}`, { hint: error.hint, cause: error });
  }
}

async function judgeLogged(proof: LogProof, demands: GithubDemands, { findings = [] }: ProvenanceTrust, session: Session): Promise<JudgedProvenance> {
  const { check, candidate, verification } = proof;
  if (check.status !== 'pass' || candidate === undefined || verification?.verified === undefined) return { verification: notVerified([...findings, check]) };
  const { encodeLoggedEnvelope, verifiedLine } = await import('@assay/slsa/log-search');
  session.io.stderr(`${verifiedLine(verification.verified, candidate)}\n`);
  keep(session, () => encodeLoggedEnvelope(candidate));
  const { root } = verification;
  return judgeVerified({ ...verification, root: { ...root, checks: [...findings, check] } }, demands);
}

/** Only what was asked for is written, and over nothing that is there. */
function keep({ flags, io }: Session, encode: () => string): void {
  const file = flags.text('save-bundle');
  if (file === '') return;
  if (existsSync(file)) throw new TrustError('USAGE', `${file}: is there already`, { hint: 'name another file, or remove it' });
  writeFileSync(file, `${encode()}\n`);
  io.stderr(`wrote ${file}: pass it as --provenance-path from now on\n`);
}

/** The tree never passes; what it would say besides is told all the same. */
async function judgeOffline(file: EnvelopeFile, demands: GithubDemands, { findings = [], ...trust }: ProvenanceTrust): Promise<JudgedProvenance> {
  const { judgeUnlogged } = await import('@assay/slsa/log-search');
  const { check, signed } = await judgeUnlogged(file, { ...trust, signer: await githubSigner() });
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
