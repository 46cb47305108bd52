/** What policy-controller says of an authority that does not hold (admission.md section 2.5), read from what judging answered. */
import type { TrustError } from '@assay/core';
import { bundleRefusal, looseRefusal } from '../cosign-texts.ts';
import type { Refused } from '../judge/examine.ts';
import type { Outcome } from '../judge/outcome.ts';
import type { Demand, RootReference, Signer } from '../model.ts';
import { NO_KEYS, NO_URL } from './demand.ts';
import type { Authority, ClusterImagePolicySpec } from './types.ts';

/** One text for each authority that does not hold, in their order, and at last the policy's own. `reference`: the image's canonical name. */
export function errorsOf(outcome: Outcome, { authorities, policy }: ClusterImagePolicySpec, policyName: string, reference: string): string[] {
  if (outcome.ok) return [];
  const any = policy === undefined ? outcome : outcome.of[0];
  const parts = any?.of ?? [];
  const errors = authorities.flatMap((authority, i) => {
    const part = parts[i];
    return part === undefined || part.ok ? [] : [authorityError(authority, part, reference)];
  });
  if (any?.ok === true) errors.push(...outcome.failed.map(({ message }) => message));
  return errors.length > 0 ? errors : [`failed to process policy: ${policyName}`];
}

function authorityError(authority: Authority, outcome: Outcome, reference: string): string {
  const { demand } = outcome;
  const about = `for authority ${authority.name} for ${reference}`;
  switch (demand.kind) {
    case 'static':
      return `disallowed by static policy: ${demand.message}`;
    case 'never':
      return neverError(demand.says, authority, about);
    case 'signed':
      return signatureError(authority, outcome, about);
    default:
      return attestationError(authority, outcome, about);
  }
}

function neverError(says: string, authority: Authority, about: string): string {
  const attested = authority.attestations.length > 0;
  if (says === NO_KEYS) return attested ? `no matching attestations ${about}` : `${NO_KEYS} for authority ${authority.name}`;
  if (says === NO_URL) return attested ? `no matching attestations ${about}` : NO_URL;
  if (!says.startsWith('when using')) return says;
  return attested ? `creating CheckOpts: ${says}` : `constructing checkOpts for ${authority.name}: ${says}`;
}

function signatureError(authority: Authority, outcome: Outcome, about: string): string {
  const options = optionsError(authority, outcome);
  if (options !== undefined) return `constructing checkOpts for ${authority.name}: ${options}`;
  return `signature ${wayOf(authority)} validation failed ${about}: ${cause(outcome, 'signatures')}`;
}

function wayOf({ key }: Authority): 'key' | 'keyless' {
  return key === undefined ? 'keyless' : 'key';
}

function attestationError(authority: Authority, { of }: Outcome, about: string): string {
  const failing = of.find(({ ok }) => !ok);
  if (failing === undefined) return `failed to process authority: ${authority.name}`;
  const options = optionsError(authority, failing);
  if (options !== undefined) return `creating CheckOpts: ${options}`;
  if (failing.demand.kind === 'never') return failing.demand.says;
  const verified = typesSeen(of);
  if (failing.problem !== undefined || verified.length === 0) {
    return `attestation ${wayOf(authority)} validation failed ${about}: ${cause(failing, 'attestations')}`;
  }
  const [first] = failing.failed;
  if (first !== undefined) return first.message;
  return `no matching attestations with type ${typeOf(failing.demand)}, checked the following predicateTypes: "${verified.join(',')}"`;
}

function typesSeen(outcomes: readonly Outcome[]): string[] {
  const types = outcomes.flatMap(({ shown, failed, otherTypes }) => [
    ...shown.flatMap(({ verified }) => (verified.statement === undefined ? [] : [verified.statement.predicateType])),
    ...failed.flatMap(({ accepted }) => (accepted?.verified.statement === undefined ? [] : [accepted.verified.statement.predicateType])),
    ...otherTypes,
  ]);
  return [...new Set(types)];
}

function typeOf(demand: Demand): string {
  return demand.kind === 'attested' ? (demand.typeAsWritten ?? demand.predicateType ?? '') : '';
}

/** A trusted root that is not there is met while the verification is prepared. */
function optionsError({ name, keyless, ctlog, signatureFormat }: Authority, { problem, demand }: Outcome): string | undefined {
  if (problem?.code !== 'TRUST_ROOT_UNKNOWN' || (demand.kind !== 'signed' && demand.kind !== 'attested')) return undefined;
  if (signatureFormat === 'bundle') return problem.message;
  const missing = missingName(problem, demand.by);
  if (keyless?.trustRootRef !== undefined && keyless.trustRootRef === missing) return `getting Fulcio certs: ${name}: ${problem.message}`;
  if (ctlog?.trustRootRef !== undefined && ctlog.trustRootRef === missing) {
    return `getting Rekor public keys: ${name}: fetching keys for trustRootRef: ${problem.message}`;
  }
  return problem.message;
}

function missingName({ found }: TrustError, { rules }: Signer): string | undefined {
  const named = (reference: RootReference) => (typeof reference === 'object' && 'name' in reference ? reference.name : undefined);
  return [rules.authorities, rules.logs, rules.timestamps].map(named).find((name) => name !== undefined && name === found);
}

function cause({ problem, answers, refused }: Outcome, what: 'signatures' | 'attestations'): string {
  if (problem !== undefined) return problem.code === 'OCI_NOT_FOUND' ? `image tag not found: ${problem.message}` : problem.message;
  if (refused.length > 0) return `no matching ${what}: ${refused.map(refusedText).join('\n ')}`;
  const unasked = answers.find((answer) => answer.problem !== undefined)?.problem;
  if (unasked !== undefined) return unasked.message;
  return what === 'signatures' ? 'no signatures found' : 'no matching attestations: ';
}

function refusedText({ format, verification, problem, certificate }: Refused): string {
  if (problem !== undefined) return problem.message;
  return format === 'bundle' ? bundleRefusal(verification, { byDigest: true }) : looseRefusal(verification, certificate);
}
