/** Policies over one resource: what each says in its two halves, in the order in which Kyverno asks them. */
import { isJsonObject, type Json, type JsonObject } from '@assay/core';
import { applyPatches, type Metadata, mergedMetadata, metadataPatches, NO_METADATA, type Patch, type Review, type RuleResult } from '@assay/policy/kyverno';
import type { LoadedPolicy } from './files.ts';

/** What one policy says in one half. */
export interface Response {
  readonly policy: LoadedPolicy;
  readonly resource: JsonObject;
  readonly patched: JsonObject;
  readonly results: readonly RuleResult[];
}

export async function runPolicies(policies: readonly LoadedPolicy[], review: Review): Promise<readonly Response[]> {
  const object = review.object ?? review.oldObject ?? {};
  const responses: { policy: LoadedPolicy; results: readonly RuleResult[] }[] = [];
  const patches: Patch[] = [];
  let produced: Metadata = NO_METADATA;
  const [ofRules, inCel] = [policies.filter(({ source }) => source !== undefined), policies.filter(({ source }) => source === undefined)];
  // All see the object as it came: what one has pinned, another would no longer know by its tag.
  for (const policy of ofRules.filter(({ source }) => source?.rules.some(({ kind }) => kind === 'verifyImages'))) {
    const mutation = await policy.policy.mutate(review);
    patches.push(...mutation.patches);
    produced = mergedMetadata(produced, mutation.metadata);
    responses.push({ policy, results: mutation.results });
  }
  const patched = review.object === undefined || review.payload === true ? object : withMetadata(applyPatches(object, patches), produced);
  const validating: Review = { ...review, object: review.object === undefined ? undefined : patched, produced };
  for (const policy of ofRules.filter(({ source }) => source !== undefined && hasChecks(source)))
    responses.push({ policy, results: await policy.policy.validate(validating) });
  // Policies in CEL judge the object as it came. Evidence that any of them has looked at counts for all, so that the last word comes last.
  const judged: (readonly RuleResult[])[] = [];
  for (const { policy } of inCel) judged.push(await policy.validate(review));
  for (const [i, policy] of inCel.entries()) responses.push({ policy, results: [...(judged[i] ?? []), ...((await policy.policy.conclude?.(review)) ?? [])] });
  return responses.map((response) => ({ ...response, resource: object, patched }));
}

function withMetadata(object: JsonObject, produced: Metadata): JsonObject {
  return applyPatches(object, metadataPatches(object, produced));
}

/** Whether the validating half has anything to look at. */
function hasChecks({ rules }: NonNullable<LoadedPolicy['source']>): boolean {
  return rules.some(({ kind, rule }) => kind === 'validate' || (rule.verifyImages ?? []).some(({ verifyDigest, required }) => verifyDigest || required));
}

/** `v1,Pod,team,app` */
export function keyOf(resource: JsonObject): string {
  const metadata = isJsonObject(resource['metadata']) ? resource['metadata'] : {};
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : '');
  return [text(resource['apiVersion']), text(resource['kind']), text(metadata['namespace']), text(metadata['name']) || text(metadata['generateName'])].join(
    ',',
  );
}

/** As reports tell it. */
export function reported({ policy }: Response, { status, action }: RuleResult, auditWarns: boolean): 'pass' | 'fail' | 'warn' | 'error' | 'skip' {
  if (status !== 'fail') return status;
  if (policy.policy.annotations['policies.kyverno.io/scored'] === 'false') return 'warn';
  return auditWarns && action === 'Audit' ? 'warn' : 'fail';
}
