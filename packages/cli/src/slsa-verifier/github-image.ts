/** An image that GitHub Actions built: the attestations under its `.att` tag, each judged; the first that holds is enough. */
import { bundleOf, type Check, fail, failFrom, failures, group, isTrustError, judged, notVerified, skip, type Verification } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { type Evidence, findEvidence, hexOf, looseParts, parseRepository, type Unreadable } from '@assay/oci';
import { type GithubDemands, githubSigner, type ProvenanceTrust, refusalText, refuse, verifyEnvelope } from '@assay/slsa';
import { openRegistryAccess } from '../registry-access.ts';
import type { JudgedProvenance } from './provenance-file.ts';
import { judgeVerified } from './provenance-file.ts';
import { type Session, tellBuild } from './session.ts';
import { sourceDemands } from './verify-artifact.ts';
import type { PinnedImage } from './verify-image.ts';

export async function verifyGithubImage(image: PinnedImage, inputs: ReadonlyMap<string, string>, session: Session): Promise<JudgedProvenance> {
  const { flags, io, offline } = session;
  const unused = flags.text('provenance-path');
  if (unused !== '') readFileCapped(unused, MAX_UNUSED_BYTES);
  const trust = await session.trust();
  const demands: GithubDemands = { subject: 'image', digest: hexOf(image.digest), inputs, ...sourceDemands(flags, io) };
  const access = openRegistryAccess(io, {
    userAgent: 'assay',
    plainHttp: 'private',
    offline,
    mirrorsFile: flags.text('registry-mirrors') || undefined,
    signal: session.signal,
  });
  try {
    const side = flags.text('provenance-repository');
    const repository = access.registries.repository(side === '' ? image : parseRepository(side));
    const candidates: Candidate[] = [];
    const places: Check[] = [];
    for await (const event of findEvidence({ image: repository, digest: image.digest, want: ['attestations'], only: 'tags' })) {
      if (event.kind === 'answer') {
        const { place, says, problem } = event.answer;
        places.push(problem === undefined ? skip('find.place', `asked ${place}: ${says}`, { optional: true }) : failFrom('find.place', problem));
        continue;
      }
      const candidate = await judgeEvidence(event.evidence, demands, trust);
      if (candidate.judged.verification.ok) {
        tellBuild(candidate.judged.judgement, io);
        return { ...candidate.judged, verification: withOthers(candidate.judged.verification, candidates) };
      }
      if (event.evidence.format === undefined) io.stderr(`unexpected error getting payload from OCI registry ${candidate.says}\n`);
      candidates.push(candidate);
    }
    return { verification: refusal(candidates, places, trust) };
  } finally {
    access.close();
  }
}

interface Candidate {
  readonly reference: string;
  readonly judged: JudgedProvenance;
  /** Whether its signature holds, whatever it says. */
  readonly signed: boolean;
  /** In the reference's words. */
  readonly says: string;
}

async function judgeEvidence(evidence: Evidence | Unreadable, demands: GithubDemands, trust: ProvenanceTrust): Promise<Candidate> {
  const { reference } = evidence;
  const verification = evidence.format === undefined ? notVerified([failFrom('evidence', evidence.problem)]) : await verifyLayer(evidence, trust);
  const result = judgeVerified(verification, demands);
  return { reference, judged: result, signed: verification.ok, says: result.verification.ok ? '' : refusalText(result.verification.root) };
}

/** The signature, with the log entry and the certificate that lie in the layer's annotations. */
async function verifyLayer(evidence: Evidence, trust: ProvenanceTrust): Promise<Verification> {
  try {
    const { content, certificate, entry, timestamps } = looseParts(evidence);
    if (content.kind !== 'dsse' || certificate === undefined) return notVerified([notKeyless(content.kind)]);
    if (entry === undefined) return notVerified([unlogged()]);
    const bundle = bundleOf({ content, material: { kind: 'certificate', leaf: certificate, others: [] }, entries: [entry], timestamps });
    return await verifyEnvelope(bundle, githubSigner(), trust);
  } catch (error) {
    if (isTrustError(error)) return notVerified([failFrom('evidence', error)]);
    throw error;
  }
}

function notKeyless(kind: string): Check {
  if (kind !== 'dsse') return fail('evidence', 'SLSA_FORM', 'the layer holds no envelope');
  return fail('evidence', 'IDENTITY_MISSING', 'the attestation was made with a self-managed key: nobody knows by which workflow');
}

function unlogged(): Check {
  return refuse('evidence', {
    error: 'ErrorNoValidSignature',
    text: 'rekor client not provided for online verification',
    code: 'SLSA_LOG_MISSING',
    says: 'the attestation carries no proof that it was logged',
    expected: 'the annotation dev.sigstore.cosign/bundle',
    found: 'no such annotation',
    hint: 'ask the publisher to attest the image with a log',
    spec: SPEC,
  });
}

/** What was found besides is told, and decides nothing. */
function withOthers(verification: Verification, others: readonly Candidate[]): Verification {
  return judged(
    verification,
    others.map((one) => ({ ...told(one), optional: true as const })),
  );
}

function told({ reference, judged: { verification } }: Candidate): Check {
  return group('evidence', `${reference} does not hold`, verification.root.checks ?? []);
}

/** The first that was signed by somebody says what is wrong, with what is wrong with the others behind it. */
function refusal(candidates: readonly Candidate[], places: readonly Check[], { findings = [] }: ProvenanceTrust): Verification {
  const signed = candidates.filter((candidate) => candidate.signed);
  const [first, ...others] = signed;
  const problem = places.find(({ status }) => status === 'fail');
  const checks = candidates.map(told);
  if (first === undefined) return notVerified([...findings, problem ?? nothingHolds(candidates), ...checks, ...places.filter((place) => place !== problem)]);
  const [decisive] = failures(first.judged.verification.root);
  const text = others.length === 0 ? first.says : `${first.says}: [${others.map(({ says }) => says).join(' ')}]`;
  const summary: Check = { ...(decisive as Check), evidence: { ...decisive?.evidence, error: decisive?.evidence?.['error'] ?? '', text } };
  return notVerified([...findings, summary, ...checks, ...places]);
}

function nothingHolds(candidates: readonly Candidate[]): Check {
  const problems = candidates.map(({ says }) => says);
  return refuse('evidence', {
    error: 'ErrorNoValidSignature',
    text: candidates.length === 0 ? 'no matching attestations: no valid signature' : `no matching attestations: ${problems.join('\n ')}: no valid signature`,
    code: candidates.length === 0 ? 'EVIDENCE_NOT_FOUND' : 'SIGNATURE_INVALID',
    says: candidates.length === 0 ? 'there are no attestations under the tag for this digest' : 'no attestation of this image is signed as it must be',
    expected: 'an attestation signed by a workflow, with its certificate and log entry',
    found: candidates.length === 0 ? 'nothing' : `${candidates.length} that do not hold`,
    hint: 'name the repository that holds the provenance with --provenance-repository; evidence in newer places is found by: assay verify --source',
    spec: SPEC,
  });
}

const MAX_UNUSED_BYTES = 128 * 1024 * 1024;
const SPEC = 'slsa.md section 1.9';
