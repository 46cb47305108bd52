/**
 * Kyverno's policies as they lie in a cluster, ready to be asked. What cannot be read denies whatever it may be about: a word that we do not know may be a
 * condition. A policy that says nothing of images is none of ours, however it is written.
 */
import { isJsonObject, isTrustError, type JsonObject, quote } from '@assay/core';
import {
  type Action,
  celExceptionOf,
  type ImageValidatingPolicy,
  type ImageValidatingResult,
  imageValidatingPolicyOf,
  imageValidatingRulePolicy,
  type PolicyException,
} from '@assay/policy/image-validating-policy';
import {
  clusterPolicy,
  type KyvernoException,
  type Mutation,
  NO_METADATA,
  policyOf,
  type Review,
  type RulePolicy,
  type RuleResult,
  sortDocuments,
} from '@assay/policy/kyverno';
import { metadataText, nameOf, versionOf } from '../kubernetes/object.ts';

/** Which of the two webhooks asks: that of policies whose errors deny, or of those whose errors are passed over. */
export type FailureClass = 'fail' | 'ignore';

/** A ClusterPolicy or Policy. */
export interface Rules {
  readonly policy: RulePolicy;
  readonly failureClass: FailureClass;
  /** Why it denies everything that it may be about. */
  readonly problem?: string;
}

/** An ImageValidatingPolicy, or one of a namespace. */
export interface Validations {
  readonly policy: Pick<RulePolicy, 'name' | 'namespace' | 'mutate'> & {
    readonly actions: readonly Action[];
    validate(review: Review): Promise<readonly ImageValidatingResult[]>;
    conclude(review: Review): Promise<readonly ImageValidatingResult[]>;
  };
  readonly failureClass: FailureClass;
  readonly problem?: string;
}

/** Undefined when it is not about images. Throws nothing of ours. */
export function compileRules(object: JsonObject, kind: 'ClusterPolicy' | 'Policy', exceptions: readonly KyvernoException[]): Rules | undefined {
  const spec = isJsonObject(object['spec']) ? object['spec'] : {};
  if (spec['admission'] === false || isWithoutImages(spec)) return undefined;
  try {
    const policy = clusterPolicy(policyOf({ ...object, apiVersion: 'kyverno.io/v1', kind }), { exceptions });
    return { policy, failureClass: policy.failurePolicy === 'Ignore' ? 'ignore' : 'fail' };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    const says = `the policy cannot be read: ${quote(error.message, 1000)}`;
    return { policy: denyingRules(object, kind, says), failureClass: 'fail', problem: says };
  }
}

/** Undefined when it judges no requests. Throws nothing of ours. */
export function compileValidations(
  object: JsonObject,
  kind: 'ImageValidatingPolicy' | 'NamespacedImageValidatingPolicy',
  exceptions: readonly PolicyException[],
): Validations | undefined {
  const { evaluation } = isJsonObject(object['spec']) ? object['spec'] : {};
  if (isJsonObject(evaluation) && (evaluation['mode'] === 'JSON' || (isJsonObject(evaluation['admission']) && evaluation['admission']['enabled'] === false)))
    return undefined;
  try {
    const policy = imageValidatingPolicyOf({ ...object, apiVersion: 'policies.kyverno.io/v1', kind });
    const failureClass = policy.spec.failurePolicy === 'Ignore' ? 'ignore' : 'fail';
    return { policy: imageValidatingRulePolicy(policy, usable(policy, exceptions)), failureClass };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    const says = `the policy cannot be read: ${quote(error.message, 1000)}`;
    return { policy: denyingValidations(object, says), failureClass: 'fail', problem: says };
  }
}

/** Undefined when it cannot be read: it exempts nothing then. */
export function compileException(object: JsonObject): KyvernoException | undefined {
  try {
    return sortDocuments([{ ...object, apiVersion: 'kyverno.io/v2', kind: 'PolicyException' }]).exceptions[0];
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

export function compileCelException(object: JsonObject): PolicyException | undefined {
  try {
    return celExceptionOf({ ...object, apiVersion: 'policies.kyverno.io/v1', kind: 'PolicyException' });
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}

/** Rules of other kinds alone. What has no list of rules is looked at. */
function isWithoutImages({ rules }: JsonObject): boolean {
  return Array.isArray(rules) && rules.every((rule) => isJsonObject(rule) && rule['verifyImages'] === undefined);
}

/** An exception that the policy cannot compile must not break the policy for everybody. */
function usable(policy: ImageValidatingPolicy, exceptions: readonly PolicyException[]): readonly PolicyException[] {
  const compiles = (some: readonly PolicyException[]): boolean => {
    try {
      imageValidatingRulePolicy(policy, some);
      return true;
    } catch (error) {
      if (isTrustError(error)) return false;
      throw error;
    }
  };
  return exceptions.length === 0 || compiles(exceptions) ? exceptions : exceptions.filter((one) => compiles([one]));
}

function denyingRules(object: JsonObject, kind: string, says: string): RulePolicy {
  const [name, namespace] = [nameOf(object), kind === 'Policy' ? metadataText(object, 'namespace') : ''];
  const result: RuleResult = { policy: name, rule: 'spec', status: 'error', message: says, action: 'Enforce', kind: 'ImageVerify' };
  const results = (review: Review): RuleResult[] => (isAbout(review, namespace) ? [result] : []);
  return {
    kind,
    name,
    namespace,
    uid: metadataText(object, 'uid'),
    resourceVersion: versionOf(object),
    annotations: {},
    failurePolicy: 'Fail',
    ruleCount: 1,
    unhandled: [],
    mutate: async (review) => ({ ...NOTHING, results: results(review) }),
    validate: async (review) => results(review),
  };
}

function denyingValidations(object: JsonObject, says: string): Validations['policy'] {
  const [name, namespace] = [nameOf(object), metadataText(object, 'namespace')];
  const result: ImageValidatingResult = {
    policy: name,
    rule: name,
    status: 'error',
    message: says,
    action: 'Enforce',
    kind: 'ImageVerify',
    actions: ['Deny'],
    auditAnnotations: {},
    exceptions: [],
  };
  return {
    name,
    namespace,
    actions: ['Deny'],
    mutate: async () => NOTHING,
    validate: async (review) => (isAbout(review, namespace) ? [result] : []),
    conclude: async () => [],
  };
}

function isAbout({ object, oldObject }: Review, namespace: string): boolean {
  return namespace === '' || namespace === metadataText(object ?? oldObject ?? {}, 'namespace');
}

const NOTHING: Mutation = { results: [], patches: [], metadata: NO_METADATA };
