/** What policies of every dialect are read with, and what a webhook is asked. Most inputs are no policy; whatever is one is compiled, and defaulted twice. */
import { isJsonObject, isTrustError, type Json } from '@assay/core';
import {
  attestationPayload,
  compilePolicy,
  encodeCompiledPolicy,
  imagePolicyOf,
  matchGlob,
  parseClusterImagePolicy,
  parseCompiledPolicy,
  parseDocuments,
  readPolicyDocument,
  validatePolicy,
  withDefaults,
} from '@assay/policy/cluster-image-policy';
import { readFlags } from '@assay/policy/flags';
import { imageValidatingPolicyOf, isImageValidatingPolicy } from '@assay/policy/image-validating-policy';
import { clusterPolicy, isPolicy, policyOf, validateKyverno } from '@assay/policy/kyverno';
import { checkNativePolicy, parseNativePolicies } from '@assay/policy/native';
import { parseTrustRoot, trustRootWithDefaults } from '@assay/policy/trust-root';
import { encodeAnswer, parseReview } from '../../packages/admission/src/review.ts';
import { readWorkload } from '../../packages/admission/src/workload.ts';
import { UNPRINTABLE } from '../../packages/core/test/facts.ts';
import { Losses } from '../../packages/policy/src/convert/index.ts';
import { celEnvironment, compileCel } from '../../packages/policy/src/engines/cel/index.ts';
import { matchesWildcard } from '../../packages/policy/src/judge/text-pattern.ts';
import { Finding, same, type Target, text } from './target.ts';

export const POLICY_TARGETS: readonly Target[] = [
  { name: 'policy-document', run: inLines((input) => readPolicyDocument(input)) },
  { name: 'cip', run: inLines(fuzzClusterImagePolicy) },
  { name: 'trust-root', run: inLines((input) => trustRootWithDefaults(parseTrustRoot(input))) },
  { name: 'kyverno-policy', run: inLines(fuzzKyverno) },
  { name: 'native-policy', run: inLines(fuzzNative) },
  { name: 'policy-flags', run: (input) => readFlags(text(input), 'fuzz', new Losses()) },
  { name: 'attestation-input', run: (input) => attestationPayload('custom', { envelope: input }) },
  { name: 'policy-glob', run: (input) => fuzzGlob(text(input)) },
  { name: 'cel', run: (input) => compileCel(text(input), celEnvironment(), 'any') },
  { name: 'admission-review', run: fuzzReview },
];

/** Texts of upstream have line breaks in them, and nothing else that is not printed. */
function inLines(run: Target['run']): Target['run'] {
  return (input) => {
    try {
      run(input);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      if (UNPRINTABLE.test(error.message.replaceAll('\n', ' '))) throw new Finding(`unprintable text in the error: ${JSON.stringify(error.message)}`);
    }
  };
}

/** Whatever is read is defaulted once and for all, and comes out of its compiled form as it went in. */
function fuzzClusterImagePolicy(input: Uint8Array): void {
  const policy = withDefaults(parseClusterImagePolicy(input));
  same('defaults', JSON.stringify(policy), JSON.stringify(withDefaults(policy)));
  validatePolicy(policy);
  const encoded = encodeCompiledPolicy(compilePolicy(policy));
  same('compiled', encoded, encodeCompiledPolicy(parseCompiledPolicy(encoded)));
  imagePolicyOf(policy);
}

function fuzzKyverno(input: Uint8Array): void {
  for (const document of parseDocuments(input).filter((one): one is Json & object => isJsonObject(one)) as never[]) {
    if (isPolicy(document)) {
      const policy = policyOf(document);
      validateKyverno(policy);
      clusterPolicy(policy);
    } else if (isImageValidatingPolicy(document)) imageValidatingPolicyOf(document);
  }
}

/** The file and the object of a cluster are judged alike. */
function fuzzNative(input: Uint8Array): void {
  for (const { document } of parseNativePolicies(text(input), NOW)) {
    if (document !== undefined && checkNativePolicy(document, NOW).document === undefined) throw new Finding('a policy that is none in a cluster');
  }
}

/** Every text matches itself where it has no wildcard. */
function fuzzGlob(input: string): void {
  const [pattern = '', name = ''] = input.split('\n');
  matchGlob(pattern, name);
  if (!matchesWildcard(name, name) && !/[*?]/.test(name)) throw new Finding(`${JSON.stringify(name)} does not match itself`);
  matchesWildcard(pattern, name);
}

function fuzzReview(input: Uint8Array): void {
  const review = parseReview(input);
  const answer = JSON.parse(encodeAnswer(review, { allowed: false, message: 'no', warnings: [review.request.name] }));
  same('the uid', review.request.uid, answer.response.uid);
  readWorkload(review.request);
}

const NOW = new Date('2026-08-25T00:00:00Z');
