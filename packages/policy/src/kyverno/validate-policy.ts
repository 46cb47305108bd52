/**
 * Whether a policy is one that Kyverno would accept, as far as images are concerned, in its words (admission.md 6.2).
 *
 *   spec.rules[0].verifyImages[0].attestors[0]: Invalid value: {"count":2,"entries":[…]}: Count cannot exceed length of entries
 *
 * Fields are read before (see `parseKyverno`): what is of the wrong type is refused there.
 */
import { escapeGoJson, quote } from '@assay/core';
import { parseConditions } from './conditions.ts';
import { converted } from './deprecated.ts';
import { nestedSet } from './nested-set.ts';
import type { KyvernoPolicy } from './policy.ts';
import type { Attestation, Attestor, AttestorSet, ImageVerification, Rule } from './types.ts';
import { hasVariables } from './variables.ts';

export interface PolicyProblems {
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

/** Never throws: what cannot be looked at is an error. */
export function validateKyverno({ spec, rules }: KyvernoPolicy): PolicyProblems {
  const errors: string[] = [];
  const warnings: string[] = [];
  const names = new Set<string>();
  for (const timeout of [spec.webhookTimeoutSeconds, spec.webhookConfiguration?.timeoutSeconds])
    if (timeout !== undefined && timeout !== null && (timeout < 1 || timeout > 30))
      errors.push(invalid('spec.webhookTimeoutSeconds', timeout, 'the timeout value must be between 1 and 30 seconds'));
  for (const [i, { kind, name, rule }] of rules.entries()) {
    if (names.has(name)) errors.push(invalid(`spec.rules[${i}].name`, name, `Duplicate rule name: '${name}'`));
    names.add(name);
    if (kind !== 'verifyImages') continue;
    const specAudits = (spec.validationFailureAction ?? 'Audit').toLowerCase() === 'audit' && spec.validationFailureAction !== undefined;
    errors.push(...ruleErrors(rule, `spec.rules[${i}]`, specAudits));
    warnings.push(...deprecations(rule));
  }
  return { errors, warnings };
}

function ruleErrors(rule: Rule, path: string, specAudits: boolean): string[] {
  const blocks = rule.verifyImages ?? [];
  // What one block says of its action is heard by those after it.
  let audits = specAudits;
  const errors = blocks.flatMap((block, i) => {
    if (block.failureAction !== undefined && block.failureAction !== null) audits = block.failureAction.toLowerCase() === 'audit';
    return blockErrors(block, `${path}.verifyImages[${i}]`, audits);
  });
  if (blocks.some((block) => converted(block).imageReferences.some(hasVariables))) errors.push('variables are not allowed in image reference');
  const jmesPaths = Object.values(rule.imageExtractors ?? {}).some((extractors) =>
    extractors.some(({ jmesPath }) => jmesPath !== undefined && jmesPath !== ''),
  );
  if (jmesPaths && blocks.some(({ mutateDigest }) => mutateDigest))
    errors.push('jmespath may not be used in an image extractor when mutating digests with verify images');
  errors.push(...conditionErrors(rule, path));
  return errors;
}

function blockErrors(block: ImageVerification, path: string, audits: boolean): string[] {
  const errors: string[] = [];
  const { imageReferences, attestations, attestors } = converted(block);
  if (audits && block.mutateDigest) errors.push(invalid(`${path}.mutateDigest`, true, 'mutateDigest must be set to false for ‘Audit’ failure action'));
  // Upstream forgets them then, and with them what they demand.
  for (const name of ['subject', 'additionalExtensions'] as const)
    if (block[name] !== undefined && block[name] !== '' && empty(block.issuer))
      errors.push(invalid(`${path}.${name}`, block[name], `${name} is not used without issuer`));
  if (imageReferences.length === 0) errors.push(invalid(path, block, 'An image reference is required'));
  errors.push(...attestations.flatMap((attestation, i) => setsErrors(attestation.attestors ?? [], `${path}.attestations[${i}].attestors`)));
  errors.push(...setsErrors(attestors, `${path}.attestors`));
  if (block.type !== 'Notary') return errors;
  for (const { keyless, keys } of (block.attestors ?? []).flatMap(({ entries }) => entries ?? [])) {
    if (keyless !== undefined) errors.push(invalid(`${path}.attestors`, block, 'Keyless field is not allowed for type notary'));
    if (keys !== undefined) errors.push(invalid(`${path}.attestors`, block, 'Keys field is not allowed for type notary'));
  }
  return errors;
}

function setsErrors(sets: readonly AttestorSet[], path: string): string[] {
  return sets.flatMap((set, i) => setErrors(set, `${path}[${i}]`, 0));
}

function setErrors(set: AttestorSet, path: string, depth: number): string[] {
  const entries = set.entries ?? [];
  const errors: string[] = [];
  if (set.count !== undefined && set.count !== null && set.count > entries.length) errors.push(invalid(path, set, 'Count cannot exceed length of entries'));
  if (entries.length === 0) errors.push(invalid(path, set, 'An entry is required'));
  return [...errors, ...entries.flatMap((entry, i) => entryErrors(entry, `${path}.entries[${i}]`, depth))];
}

function entryErrors(entry: Attestor, path: string, depth: number): string[] {
  const { keys, certificates, keyless, attestor } = entry;
  const errors: string[] = [];
  const present = [keys, certificates, keyless, attestor].filter((one) => one !== undefined && one !== null);
  if (present.length !== 1) errors.push(invalid(path, entry, 'keys, certificates, keyless, or a nested attestor is required'));
  errors.push(...signerErrors(entry, path));
  if (attestor === undefined || attestor === null) return errors;
  const nested = nestedSet(attestor, depth);
  return [...errors, ...('problem' in nested ? [invalid(`${path}.attestor`, attestor, nested.problem)] : setErrors(nested.set, `${path}.attestor`, depth + 1))];
}

function signerErrors({ keys, certificates, keyless }: Attestor, path: string): string[] {
  const errors: string[] = [];
  if (keys !== undefined) {
    if (empty(keys.publicKeys) && empty(keys.kms) && keys.secret === undefined)
      errors.push(invalid(`${path}.keys`, keys, 'A public key, kms key or secret is required'));
    if (!empty(keys.publicKeys) && !ALGORITHMS.has(keys.signatureAlgorithm ?? ''))
      errors.push(invalid(`${path}.keys`, keys, 'Invalid signature algorithm provided'));
  }
  if (certificates !== undefined && empty(certificates.cert) && empty(certificates.certChain))
    errors.push(invalid(`${path}.certificates`, certificates, 'cert or certChain required'));
  if (keyless !== undefined) {
    if (keyless.rekor === undefined && empty(keyless.roots)) errors.push(invalid(`${path}.keyless`, keyless, 'Either Rekor URL or roots are required'));
    if (keyless.rekor !== undefined && keyless.rekor.url === '') errors.push(invalid(`${path}.keyless`, keyless, 'An URL is required'));
  }
  return errors;
}

/** Conditions that cannot be read would be conditions that nobody asks. */
function conditionErrors(rule: Rule, path: string): string[] {
  const blocks = rule.verifyImages ?? [];
  const all = [
    [rule.preconditions, 'preconditions'] as const,
    ...blocks.map(({ validate }, i) => [validate?.deny?.conditions, `verifyImages[${i}].validate.deny.conditions`] as const),
    ...blocks.flatMap(({ attestations }, i) =>
      (attestations ?? []).map(({ conditions }: Attestation, j) => [conditions, `verifyImages[${i}].attestations[${j}].conditions`] as const),
    ),
  ];
  return all.flatMap(([conditions, where]) => {
    try {
      parseConditions(conditions);
      return [];
    } catch (error) {
      return [`${path}.${where}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
}

function deprecations({ verifyImages }: Rule): string[] {
  return (verifyImages ?? []).flatMap(({ attestations }) =>
    (attestations ?? []).flatMap(({ predicateType }) => {
      if (predicateType === '') return [];
      const type = quote(predicateType);
      return [`predicateType has been deprecated use 'type: ${type}' instead of 'predicateType: ${type}'`];
    }),
  );
}

function empty(text: string | undefined): boolean {
  return text === undefined || text === '';
}

function invalid(path: string, value: unknown, says: string): string {
  const written = typeof value === 'string' ? JSON.stringify(value) : typeof value === 'object' ? escapeGoJson(JSON.stringify(value)) : String(value);
  return `${path}: Invalid value: ${quote(written, 4000)}: ${says}`;
}

const ALGORITHMS = new Set(['', 'sha224', 'sha256', 'sha384', 'sha512']);
