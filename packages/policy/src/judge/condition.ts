/** Conditions over a statement that verified, or over all that was shown. Every language ends here; what it cannot evaluate does not hold. */
import {
  type Check,
  fail,
  failFrom,
  isJsonObject,
  isTrustError,
  type Json,
  type JsonObject,
  parseJson,
  pass,
  quote,
  TrustError,
  type VerifiedStatement,
} from '@assay/core';
import { attestationPayload } from '../cluster-image-policy/payload.ts';
import type { Condition } from '../model.ts';
import type { FailedCondition } from './outcome.ts';
import type { Subject } from './subject.ts';
import { testValue } from './value-test.ts';

export interface ConditionVerdict {
  readonly check: Check;
  readonly failed?: FailedCondition;
}

export type ConditionFacts =
  | { readonly kind: 'statement'; readonly statement: VerifiedStatement; readonly typeAsWritten: string | undefined }
  | { readonly kind: 'shown'; readonly facts: Json };

/** Throws nothing of ours. */
export async function evaluateOver(condition: Condition, facts: ConditionFacts, subject: Subject): Promise<ConditionVerdict> {
  const id = 'policy.condition';
  try {
    const failed = await evaluate(condition, facts, subject);
    if (failed === undefined) return { check: pass(id, `the condition in ${condition.language} holds`) };
    return { check: fail(id, 'POLICY_CONDITION', quote(failed.message)), failed };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return { check: failFrom(id, error), failed: { message: error.message } };
  }
}

/** Undefined when it holds. Errors: `POLICY_…`, `IDENTITY_PATTERN`. */
async function evaluate(condition: Condition, facts: ConditionFacts, subject: Subject): Promise<FailedCondition | undefined> {
  switch (condition.language) {
    case 'cue':
    case 'rego':
      return subject.engines.evaluate(condition.language, { policy: condition.text, data: inputOf(facts), name: condition.name });
    case 'values': {
      const message = await testValue(condition, documentOf(facts), subject.image);
      return message === undefined ? undefined : { message };
    }
    case 'kyverno': {
      const message = await condition.evaluate(predicateOf(facts));
      return message === undefined ? undefined : { message };
    }
    case 'cel': {
      const { evaluateCelCondition } = await import('../engines/cel/index.ts');
      const message = await evaluateCelCondition(condition, documentOf(facts));
      return message === undefined ? undefined : { message };
    }
  }
}

/** JSON for CUE and Rego. A statement is in the form that its type was asked for by. */
function inputOf(facts: ConditionFacts): string {
  if (facts.kind === 'shown') return JSON.stringify(facts.facts);
  const { statement, typeAsWritten } = facts;
  const { json } = attestationPayload(typeAsWritten ?? statement.predicateType, { statement: statement.payload });
  if (json === undefined) throw new TypeError('a condition is about a statement of its type');
  return json;
}

function predicateOf(facts: ConditionFacts): JsonObject {
  const document = documentOf(facts);
  const predicate = isJsonObject(document) ? document['predicate'] : undefined;
  if (isJsonObject(predicate)) return predicate;
  throw new TrustError('POLICY_CONDITION', 'failed to extract predicate from statement', { expected: 'an object' });
}

function documentOf(facts: ConditionFacts): Json {
  return facts.kind === 'shown' ? facts.facts : parseJson(facts.statement.payload);
}
