/** Why an image was refused, in Kyverno's words (admission.md 6.4), from what judging answered. */
import { failures, quote, type TrustError } from '@assay/core';
import { bundleRefusal, looseRefusal } from '../cosign-texts.ts';
import type { Refused } from '../judge/examine.ts';
import { type Outcome, unavailable } from '../judge/outcome.ts';
import type { Compiled, SignerSource } from './compile.ts';
import { given } from './compile.ts';
import { UNCHECKED } from './conditions.ts';
import type { ImageVerification } from './types.ts';

/** Of attestors: the first set that fails tells why; of a set, all its entries. */
export function attestorCauses(outcome: Outcome, { signers }: Compiled, block: ImageVerification): string[] {
  const source = signers.get(outcome.demand);
  if (source !== undefined || outcome.of.length === 0) return [`${source?.path ?? outcome.demand.name ?? ''}: ${signatureCause(outcome, source, block)}`];
  const failed = outcome.of.filter(({ ok }) => !ok);
  const told = outcome.demand.kind === 'all' ? failed.slice(0, 1) : failed;
  return told.flatMap((part) => attestorCauses(part, { demand: part.demand, signers }, block));
}

function signatureCause(outcome: Outcome, source: SignerSource | undefined, block: ImageVerification): string {
  const { demand, problem, refused, failed } = outcome;
  if (demand.kind === 'never') return quote(demand.says, MAX_CAUSE);
  if (problem !== undefined) return quote(problem.message, MAX_CAUSE);
  if (block.type === 'SigstoreBundle') return NO_BUNDLE;
  const unasked = unavailable(outcome);
  if (unasked !== undefined && refused.length + failed.length === 0) return quote(unasked.message, MAX_CAUSE);
  if (refused.length === 0) return 'no signatures found';
  return refusalCauses(refused, source) ?? `no matching signatures: ${refused.map(refusalText).join('\n ')}`;
}

/** Of attestations: the entries of the first set that fails. */
export function attestationFailure(outcome: Outcome, { signers }: Compiled, block: ImageVerification, image: string): string {
  const set = outcome.demand.kind === 'all' ? (outcome.of.find(({ ok }) => !ok) ?? outcome) : outcome;
  const [verified, required] = set.demand.kind === 'count' ? [set.of.filter(({ ok }) => ok).length, set.demand.least] : [0, 1];
  const causes = leaves(set)
    .filter(({ ok }) => !ok)
    .map((leaf) => attestationCause(leaf, signers.get(leaf.demand), block, image));
  return `image attestations verification failed, verifiedCount: ${verified}, requiredCount: ${required}, error: ${causes.join('; ') || 'attestations verification failed'}`;
}

function leaves(outcome: Outcome): readonly Outcome[] {
  return outcome.of.length === 0 ? [outcome] : outcome.of.flatMap(leaves);
}

function attestationCause(outcome: Outcome, source: SignerSource | undefined, block: ImageVerification, image: string): string {
  const { demand, problem, refused, failed, otherTypes } = outcome;
  const path = source?.path ?? demand.name ?? '';
  if (demand.kind === 'never') return `${path}: ${quote(demand.says, MAX_CAUSE)}`;
  if (problem !== undefined) return quote(problem.message, MAX_CAUSE);
  const type = quote(demand.kind === 'attested' ? (demand.predicateType ?? '') : '');
  const [condition] = failed;
  if (condition !== undefined) {
    const message = quote(condition.message, MAX_CAUSE);
    return `${path}: ${condition.message.startsWith(UNCHECKED) ? message : `attestation checks failed for ${image} and predicate ${type}: ${message}`}`;
  }
  if (otherTypes.length > 0) return `${path}: attestions not found for predicate type ${type}`;
  if (block.type === 'SigstoreBundle') return NO_BUNDLE;
  const unasked = unavailable(outcome);
  if (unasked !== undefined && refused.length === 0) return quote(unasked.message, MAX_CAUSE);
  return refusalCauses(refused, source) ?? `no matching attestations: ${refused.map(refusalText).join('\n ')}`;
}

/** Where signatures hold, and are by others than the policy names, it is told who they are by. */
function refusalCauses(refused: readonly Refused[], source: SignerSource | undefined): string | undefined {
  const told = refused.flatMap((one) => mismatch(one, source) ?? []);
  // It is said of all signatures at once.
  return told.length === 0 ? undefined : [...new Set(told)].join('; ');
}

function mismatch({ verification, certificate }: Refused, source: SignerSource | undefined): string | undefined {
  const failed = failures(verification.root);
  const [first] = failed;
  if (first === undefined) return undefined;
  if (failed.every(({ code }) => code === 'ANNOTATION_MISMATCH')) return NO_ANNOTATIONS;
  const keyless = source?.attestor.keyless;
  if (keyless === undefined || !failed.every(({ code }) => code?.startsWith('IDENTITY_'))) return undefined;
  if (first.id === 'identity.san') {
    const names = certificate?.subjectAlternativeNames.map(({ value }) => quote(value)).join(', ') ?? quote(first.found ?? '');
    return `subject mismatch: expected ${quote(given(keyless.subject) ?? keyless.subjectRegExp ?? '')}, received ${names}`;
  }
  if (first.id === 'identity.issuer')
    return `issuer mismatch: expected ${quote(given(keyless.issuer) ?? keyless.issuerRegExp ?? '')}, received ${quote(first.found ?? '')}`;
  const name = first.id.replace('identity.', '');
  const [key, pattern] = Object.entries(keyless.additionalExtensions ?? {}).find(([one]) => one === name || NUMBERS[one] === name) ?? [
    name,
    first.expected ?? '',
  ];
  return `extension mismatch: expected ${quote(pattern)} for key ${quote(key)}, received ${quote(first.found ?? '')}`;
}

const NUMBERS: Readonly<Record<string, string>> = {
  '1.3.6.1.4.1.57264.1.2': 'githubWorkflowTrigger',
  '1.3.6.1.4.1.57264.1.3': 'githubWorkflowSha',
  '1.3.6.1.4.1.57264.1.4': 'githubWorkflowName',
  '1.3.6.1.4.1.57264.1.5': 'githubWorkflowRepository',
  '1.3.6.1.4.1.57264.1.6': 'githubWorkflowRef',
};

function refusalText({ format, problem, verification, certificate }: Refused): string {
  if (problem !== undefined) return quote(problem.message, MAX_CAUSE);
  return quote(format === 'bundle' ? bundleRefusal(verification, { byDigest: true }) : looseRefusal(verification, certificate), MAX_CAUSE);
}

/** A place that could not be asked is no place without signatures: that is an error, which may pass, and not a refusal. */
export function networkProblem(outcome: Outcome): TrustError | undefined {
  const problem = unavailable(outcome);
  return problem?.kind === 'unavailable' ? problem : undefined;
}

export const NO_ANNOTATIONS = 'no signature matched the required annotations';
const NO_BUNDLE = 'sigstore bundle verification failed: no matching signatures found';
const MAX_CAUSE = 1000;
