import { type Check, catalogue, failures, isTrustError, quote } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import {
  ACTIONS_ISSUER,
  type AttestationRefusal,
  type Criteria,
  criteriaOf,
  criteriaProblem,
  fetchAttestations,
  statedPredicateType,
  verifyAttestations,
} from '@assay/slsa/github';
import type { Command, Context } from '../cobra/command.ts';
import { refuseTogetherPlainly } from '../cobra/exclusive.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import { bool, text } from '../cobra/flag.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { printable } from '../render/printable.ts';
import { type DigestedArtifact, digestArtifact } from './artifact.ts';
import { readBundleFile } from './bundle-file.ts';
import { exactlyOne, FORMAT_FLAGS, LOOKUP_FLAGS, refuseChoices, refuseFormatting, refuseHostname, refuseLookup, refuseScope, SCOPE_FLAGS } from './flags.ts';
import { requireLogin } from './login.ts';
import { policyText } from './policy-text.ts';
import { bare, dotted, type Progress, plural, progressOf, telling } from './progress.ts';
import { type Accepted, resultJson } from './result-json.ts';
import { type Session, trustDomain, withSession } from './session.ts';
import { trustSources } from './trust.ts';
import { writeResult } from './write-result.ts';

export const MISSING_ARTIFACT = 'must specify file path or container image URI, as well as one of --owner or --repo';

export const command: Command = {
  usage: 'attestation verify [<file-path> | oci://<image-uri>] [--owner | --repo] [flags]',
  examples: `  # built from this repository
  gh attestation verify app.tar.gz --repo owner/app

  # by a reusable workflow of somebody else, from a release tag
  gh attestation verify app.tar.gz --repo owner/app --signer-workflow other/builder/.github/workflows/build.yml --source-ref refs/tags/v1.2.3

  # without network
  gh attestation verify app.tar.gz --repo owner/app --bundle sha256:HEX.jsonl --custom-trusted-root trusted_root.jsonl

  # who built it, as a script reads it
  gh attestation verify oci://ghcr.io/owner/app:1.0 --owner owner --format json --jq '.[].verificationResult.signature.certificate.buildSignerURI'`,
  flags: [
    ...SCOPE_FLAGS,
    text('bundle', 'file with the attestations: .json (one bundle) or .jsonl (several)', { short: 'b' }),
    bool('bundle-from-oci', "take the attestations from the image's registry instead of GitHub"),
    ...LOOKUP_FLAGS,
    text('predicate-type', 'what the attestation must be about', { default: 'https://slsa.dev/provenance/v1' }),
    text('custom-trusted-root', 'trusted_root.jsonl with the roots to judge by, one a line'),
    bool('no-public-good', 'refuse attestations that public Sigstore certified'),
    text('cert-identity', "the certificate's subject must be exactly this"),
    text('cert-identity-regex', "the certificate's subject must match this RE2 pattern, which is not anchored", { short: 'i' }),
    text('signer-repo', 'repository of the workflow that must have signed: OWNER/REPO'),
    text('signer-workflow', 'workflow that must have signed: [HOST/]OWNER/REPO/PATH[@REF]'),
    text('cert-oidc-issuer', 'OIDC issuer that must have vouched for the signer', { default: ACTIONS_ISSUER }),
    text('signer-digest', 'commit of the workflow that must have signed'),
    text('source-ref', 'ref that it must have been built from, in full: refs/tags/v1.2.3'),
    text('source-digest', 'commit that it must have been built from'),
    bool('deny-self-hosted-runners', 'refuse what was built on runners that others host'),
    ...FORMAT_FLAGS,
  ],
  arity: exactlyOne(MISSING_ARTIFACT),
  refuse: refuseChoices,
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  if (flags.text('bundle') === '') await requireLogin(io);
  refuseContradictions(flags);
  await withSession(flags, io, async (session) => {
    const domain = await trustDomain(session);
    // An empty line first: the reference sets its error apart from what it told before.
    await wrapped('\nError', () => verifyArtifact(flags, session, domain));
  });
}

/** In the order in which the reference looks. */
function refuseContradictions(flags: ParsedFlags): void {
  refuseLookup(flags);
  const [artifact = ''] = flags.positionals;
  if (flags.bool('bundle-from-oci') && !artifact.startsWith('oci://')) throw new CommandError('bundle-from-oci flag can only be used with OCI artifact paths');
  if (flags.bool('bundle-from-oci') && flags.text('bundle') !== '') throw new CommandError('bundle-from-oci flag cannot be used with bundle-path flag');
  refuseHostname(flags);
  refuseFormatting(flags);
  refuseScope(flags);
  refuseTogetherPlainly(flags, 'cert-identity', 'cert-identity-regex', 'signer-repo', 'signer-workflow');
}

async function verifyArtifact(flags: ParsedFlags, session: Session, domain: string): Promise<void> {
  const { io } = session;
  const progress = progressOf(io);
  const trust = await wrapped('error creating Sigstore verifier', () => trustSources(flags, session, domain));
  const criteria = await telling(progress, '✗ Invalid verification policy', () => demandsOf(flags, session));
  const [reference = ''] = flags.positionals;
  const artifact = await telling(progress, `✗ Loading digest for ${bare(reference)} failed`, () => digestArtifact(reference, flags, io));
  progress.say(`Loaded digest ${artifact.digest} for ${bare(artifact.url)}`);

  const found = await findAttestations(artifact, flags, session, progress);
  const attestations = found.filter(({ bundle }) => statedPredicateType(bundle) === criteria.predicateType);
  if (attestations.length === 0) {
    const missing = `no attestations found with predicate type: ${quote(criteria.predicateType)}`;
    progress.fail(`✗ N${missing.slice(1)}`);
    throw new CommandError(`no matching predicate found: ${missing}`);
  }
  progress.say(`\nThe following policy criteria will be enforced:\n${policyText(criteria)}`);
  const { accepted, refusal } = await telling(progress, '✗ Failed to build Sigstore verification policy', () =>
    verifyAttestations(attestations, { artifact, criteria, trust, crypto: nodeCrypto, now: io.now }),
  );
  if (refusal !== undefined) throw refused(refusal, progress);

  progress.say(progress.style.good('✓ Verification succeeded!\n'));
  if (flags.given('format')) await writeResult(resultJson(accepted, criteria), flags, io);
  else tell(accepted, session, progress);
}

function demandsOf(flags: ParsedFlags, { host, tenant }: Session): Criteria {
  const criteria = criteriaOf({
    repo: flags.text('repo'),
    owner: flags.text('owner'),
    tenant,
    host,
    predicateType: flags.text('predicate-type'),
    san: flags.text('cert-identity'),
    sanPattern: flags.text('cert-identity-regex'),
    signerRepo: flags.text('signer-repo'),
    signerWorkflow: flags.text('signer-workflow'),
    issuer: flags.text('cert-oidc-issuer'),
    signerDigest: flags.text('signer-digest'),
    sourceDigest: flags.text('source-digest'),
    sourceRef: flags.text('source-ref'),
    denySelfHostedRunners: flags.bool('deny-self-hosted-runners'),
  });
  const problem = criteriaProblem(criteria);
  if (problem !== undefined) throw new CommandError(problem);
  return criteria;
}

type Found = { readonly bundle: Uint8Array; readonly initiator?: string };

async function findAttestations(artifact: DigestedArtifact, flags: ParsedFlags, session: Session, progress: Progress): Promise<readonly Found[]> {
  const path = flags.text('bundle');
  const [from, failed, load] =
    path !== ''
      ? [bare(path), `from ${bare(artifact.url)}`, () => readBundleFile(path)]
      : flags.bool('bundle-from-oci')
        ? [bare(artifact.url), 'from OCI registry', async () => (await import('./registry-bundles.ts')).registryBundles(artifact, session.io)]
        : ['GitHub API', 'from GitHub API', () => fromApi(artifact, flags, session, 'user')];
  try {
    const found: readonly Found[] = await load();
    progress.say(`Loaded ${plural(found.length, 'attestation')} from ${from}`);
    return found;
  } catch (error) {
    const cause = error instanceof CommandError && isTrustError(error.cause) ? error.cause : undefined;
    const isNone = cause?.code === 'ATTESTATION_NONE';
    progress.fail(isNone ? `✗ No attestations found for subject ${artifact.digest}` : `✗ Loading attestations ${failed} failed`);
    if (cause?.code === 'ATTESTATION_API' && cause.data?.['status'] === 404) progress.say(NONE_OR_HIDDEN);
    throw error;
  }
}

const NONE_OR_HIDDEN = '  GitHub answers so where it has no attestation of this digest, and where this token may not look';

export async function fromApi({ digest }: DigestedArtifact, flags: ParsedFlags, { api }: Session, initiator?: 'user'): Promise<readonly Found[]> {
  const repo = flags.text('repo');
  return wrapped(`failed to fetch attestations from ${repo || flags.text('owner')}`, () =>
    fetchAttestations({
      ...api,
      scope: repo === '' ? { owner: flags.text('owner') } : { repo },
      digest,
      predicateType: flags.text('predicate-type'),
      limit: flags.number('limit'),
      ...(initiator !== undefined && { initiator }),
    }),
  );
}

/** In a pipe the reference says no more than the first line; a person is told what was expected and found. */
function refused({ stage, text: says, check }: AttestationRefusal, progress: Progress): CommandError {
  progress.fail(stage === 'signature' ? '✗ Sigstore verification failed' : '✗ Policy verification failed');
  const [first] = failures(check);
  if (first !== undefined) progress.say(reasonText(first));
  return new CommandError(bare(says));
}

function reasonText({ says: what, expected, found, hint, code }: Check): string {
  const advice = code === 'IDENTITY_MISMATCH' ? OTHER_SIGNER : (hint ?? (code && catalogue[code].hint));
  const lines = [['expected', expected] as const, ['found', found] as const, ['try', advice] as const];
  return [`  ${printable(what)}`, ...lines.flatMap(([key, value]) => (value ? [`    ${key.padEnd(10)}${printable(value)}`] : []))].join('\n');
}

const OTHER_SIGNER = 'if a workflow elsewhere may sign, name it with --signer-workflow or --signer-repo';

function tell(accepted: readonly Accepted[], { tenant }: Session, progress: Progress): void {
  progress.say(`The following ${plural(accepted.length, 'attestation')} matched the policy criteria\n`);
  for (const [i, { identity }] of accepted.entries()) {
    const build = workflowOf(identity.extensions.buildConfigUri, tenant);
    const signer = workflowOf(identity.extensions.buildSignerUri, tenant);
    progress.say(
      `- Attestation #${i + 1}\n${dotted([
        ['  - Build repo', build.repo],
        ['  - Build workflow', build.workflow],
        ['  - Signer repo', signer.repo],
        ['  - Signer workflow', signer.workflow],
      ])}`,
    );
  }
}

/** `https://github.com/OWNER/REPO/PATH@REF` in two parts. */
function workflowOf(uri: string | undefined, tenant: string | undefined): { repo: string; workflow: string } {
  const host = tenant === undefined ? 'https://github.com/' : `https://${tenant}.ghe.com/`;
  const [, repo, workflow] = /^([^/]+\/[^/]+)\/(.+)$/.exec(uri?.startsWith(host) === true ? uri.slice(host.length) : '') ?? [];
  if (repo === undefined || workflow === undefined) throw new CommandError(`no match found for org and repo: ${quote(uri ?? '')}`);
  return { repo: bare(repo), workflow: bare(workflow) };
}
