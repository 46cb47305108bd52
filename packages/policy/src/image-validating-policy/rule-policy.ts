/** An image validating policy as commands and webhooks ask it. What it says of an object is told when all policies of the request have been asked. */
import { type Check, fail, group, isTrustError, pass, quote } from '@assay/core';
import { NO_METADATA } from '../kyverno/metadata.ts';
import type { Mutation, Review, RulePolicy, RuleResult, RuleStatus } from '../kyverno/rule-policy.ts';
import { type CompiledPolicy, type CompiledSpec, compilePolicy } from './compile.ts';
import { type Evaluation, evaluatePolicy } from './evaluate.ts';
import { evidenceOf } from './evidence-of-request.ts';
import { matchesConstraints, type RequestFacts, requestFacts } from './match.ts';
import { pinDigests } from './pin.ts';
import { actionsOf, type ImageValidatingPolicy, judgesJson, type PolicyException } from './policy.ts';
import type { Action } from './types.ts';

export interface ImageValidatingRulePolicy extends RulePolicy {
  readonly policy: ImageValidatingPolicy;
  readonly actions: readonly Action[];
  /** What is let in when the policy is written, and refused when it is asked. */
  readonly warnings: readonly string[];
  validate(review: Review): Promise<readonly ImageValidatingResult[]>;
  conclude(review: Review): Promise<readonly ImageValidatingResult[]>;
}

export interface ImageValidatingResult extends RuleResult {
  readonly actions: readonly Action[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
  /** `NAMESPACE/NAME` of exceptions that were applied. */
  readonly exceptions: readonly string[];
}

/** Errors: `POLICY_INVALID`, with all problems in its message. */
export function imageValidatingRulePolicy(policy: ImageValidatingPolicy, exceptions: readonly PolicyException[] = []): ImageValidatingRulePolicy {
  const compiled = compilePolicy(policy, exceptions);
  const results = new Results(policy);
  // Of reviews that passed so far: whether their images were verified is asked last.
  const pending = new WeakMap<Review, Pending[]>();
  return {
    policy,
    kind: policy.kind,
    name: policy.name,
    namespace: policy.namespace,
    uid: policy.uid,
    resourceVersion: policy.resourceVersion,
    annotations: policy.annotations,
    // Of conditions that cannot be evaluated it says what they do (evaluate.ts); other errors deny whatever it says.
    failurePolicy: 'Fail',
    ruleCount: 1,
    unhandled: [],
    actions: actionsOf(policy.spec),
    warnings: compiled.warnings,
    mutate: (review) => mutate(compiled, results, review),
    async validate(review) {
      const verdicts = await validate(compiled, results, review);
      pending.set(
        review,
        verdicts.flatMap((verdict) => ('images' in verdict ? [verdict] : [])),
      );
      return verdicts.flatMap((verdict) => ('images' in verdict ? [] : [verdict]));
    },
    async conclude(review) {
      return (pending.get(review) ?? []).map(({ images, result, required }) => {
        const problem = required ? images.map((image) => evidenceOf(review).problemOf(image)).find((one) => one !== undefined) : undefined;
        return problem === undefined ? result : results.of('fail', policy.name, problem, { auditAnnotations: result.auditAnnotations });
      });
    },
  };
}

/** A pass, if its images turn out to be verified. */
interface Pending {
  readonly images: readonly string[];
  readonly required: boolean;
  readonly result: ImageValidatingResult;
}

class Results {
  readonly #policy: ImageValidatingPolicy;

  constructor(policy: ImageValidatingPolicy) {
    this.#policy = policy;
  }

  of(status: RuleStatus, rule: string, message: string, more: Partial<ImageValidatingResult> = {}): ImageValidatingResult {
    const actions = actionsOf(this.#policy.spec);
    return {
      policy: this.#policy.name,
      rule,
      status,
      message,
      action: actions.includes('Deny') ? 'Enforce' : 'Audit',
      kind: 'ImageVerify',
      ...(actions.includes('Warn') && { warns: true as const }),
      actions,
      auditAnnotations: {},
      exceptions: [],
      ...more,
    };
  }
}

async function mutate(compiled: CompiledPolicy, results: Results, review: Review): Promise<Mutation> {
  const patches: Mutation['patches'][number][] = [];
  const failed: RuleResult[] = [];
  const nothing = { results: failed, patches, metadata: NO_METADATA };
  if (review.payload === true || judgesJson(compiled.policy.spec) || !compiled.policy.spec.validationConfigurations.mutateDigest) return nothing;
  try {
    const request = requestFacts(review);
    for (const spec of compiled.specs) {
      if (!isAbout(compiled, spec, request)) continue;
      const pinned = await pinDigests(compiled.policy, spec, review, request);
      patches.push(...pinned.patches);
      if (pinned.problems.length > 0)
        failed.push(results.of('error', 'mutateDigest', `failed to update digest: ${pinned.problems.join('; ')}`, { kind: 'Mutation' }));
    }
  } catch (error) {
    if (!isTrustError(error)) throw error;
    failed.push(results.of('error', 'mutateDigest', `failed to update digest: ${error.message}`, { kind: 'Mutation' }));
  }
  return nothing;
}

async function validate(compiled: CompiledPolicy, results: Results, review: Review): Promise<(ImageValidatingResult | Pending)[]> {
  const json = judgesJson(compiled.policy.spec);
  if (json !== (review.payload === true)) return [];
  if (json) return evaluated(compiled, compiled.specs.slice(0, 1), results, review, undefined);
  let request: RequestFacts;
  let specs: readonly CompiledSpec[];
  try {
    request = requestFacts(review);
    specs = compiled.specs.filter((spec) => isAbout(compiled, spec, request));
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return [results.of('error', 'match', `failed to execute matching: ${error.message}`)];
  }
  return evaluated(compiled, specs, results, review, request);
}

/** A policy of a namespace is about what lies in it. */
function isAbout({ policy: { namespace } }: CompiledPolicy, { spec }: CompiledSpec, request: RequestFacts): boolean {
  return (namespace === '' || namespace === request.namespace) && matchesConstraints(spec.matchConstraints, request);
}

async function evaluated(
  { policy }: CompiledPolicy,
  specs: readonly CompiledSpec[],
  results: Results,
  review: Review,
  request: RequestFacts | undefined,
): Promise<(ImageValidatingResult | Pending)[]> {
  const verdicts: (ImageValidatingResult | Pending)[] = [];
  for (const spec of specs) {
    try {
      const evaluation = await evaluatePolicy(policy, spec, review, request);
      const verdict = verdictOf(policy, spec, evaluation, results);
      if (verdict !== undefined) verdicts.push(verdict);
    } catch (error) {
      if (!isTrustError(error)) throw error;
      verdicts.push(results.of('error', 'evaluation', `failed to evaluate policy${request === undefined ? ' for JSON' : ''}: ${error.message}`));
    }
  }
  return verdicts;
}

function verdictOf(
  { name }: ImageValidatingPolicy,
  { spec }: CompiledSpec,
  evaluation: Evaluation,
  results: Results,
): ImageValidatingResult | Pending | undefined {
  if (evaluation.kind === 'unmatched') return undefined;
  if (evaluation.kind === 'excepted') {
    const keys = evaluation.exceptions.map((exception) => (exception.namespace === '' ? exception.name : `${exception.namespace}/${exception.name}`));
    return results.of('skip', 'exception', `rule is skipped due to policy exception: ${keys.join(', ')}`, { exceptions: keys });
  }
  const { ok, message, images, auditAnnotations } = evaluation;
  const more = { auditAnnotations, check: checkOf(name, evaluation) };
  if (!ok) return results.of('fail', name, message, more);
  return { images, required: spec.validationConfigurations.required, result: results.of('pass', name, 'success', more) };
}

/** What was asked of attestors explains, and decides nothing: the policy's expressions do. */
function checkOf(name: string, { ok, message, checks }: Evaluation & { readonly kind: 'judged' }): Check {
  const verdict = ok ? pass('policy.validations', 'the validations hold') : fail('policy.validations', 'POLICY_CONDITION', quote(message, 1000));
  const says = { pass: `policy ${quote(name)} holds`, fail: `policy ${quote(name)} does not hold` };
  return group('policy.image-validating', says, [...checks.map((check) => ({ ...check, optional: true as const })), verdict]);
}
