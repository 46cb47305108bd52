/** A ClusterImagePolicy as something that judges: compiled once, asked for every image it covers. */
import { isJsonObject, type JsonObject, quote, TrustError } from '@assay/core';
import type { ImagePolicy, PolicyVerdict, ReviewedObject } from '../image-policy.ts';
import { judge } from '../judge/judge.ts';
import type { Subject } from '../judge/subject.ts';
import { usesEngines } from '../judge/uses-engines.ts';
import type { NamedImage } from '../model.ts';
import { demandOf } from './demand.ts';
import { type MatchedObject, matchPolicy } from './match.ts';
import { errorsOf } from './texts.ts';
import type { ClusterImagePolicy } from './types.ts';

/** `policy`: defaulted and validated, with its keys and policies inline. */
export function imagePolicyOf(policy: ClusterImagePolicy): ImagePolicy {
  const { metadata, spec } = policy;
  const demand = demandOf(spec);
  const mode = spec.mode === 'warn' ? 'warn' : 'enforce';
  return {
    name: metadata.name,
    kind: 'ClusterImagePolicy',
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    mode,
    contextual: isContextual(policy),
    usesEngines: usesEngines(demand),
    covers: (image, object) => covers(policy, image, object),
    async judge(subject: Subject): Promise<PolicyVerdict> {
      const outcome = await judge(demand, subject);
      const errors = errorsOf(outcome, spec, metadata.name, subject.image.canonical);
      return { policy: metadata.name, mode, ok: outcome.ok, errors, check: outcome.check, outcome };
    },
  };
}

function covers({ metadata, spec }: ClusterImagePolicy, image: NamedImage, object: ReviewedObject | undefined): boolean {
  const { matched, problem } = matchPolicy(spec, image.canonical, matchedObject(object));
  if (problem === undefined) return matched;
  throw new TrustError('POLICY_MATCH', problem, { found: `ClusterImagePolicy ${quote(metadata.name)}` });
}

/** Without an object there is nothing that an entry of `match` could name. */
function matchedObject(object: ReviewedObject | undefined): MatchedObject {
  if (object === undefined) return { kind: '', apiVersion: '', labels: new Map() };
  const { group, version, kind, metadata } = object;
  const labels = isJsonObject(metadata['labels'] ?? null) ? Object.entries(metadata['labels'] as JsonObject) : [];
  return {
    kind,
    apiVersion: group === '' ? version : `${group}/${version}`,
    labels: new Map(labels.flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []))),
  };
}

/** What depends on the object, or on secrets of the workload's namespace, is true of one review alone. */
function isContextual({ spec: { policy, authorities } }: ClusterImagePolicy): boolean {
  const included = [policy?.includeSpec, policy?.includeObjectMeta, policy?.includeTypeMeta].includes(true);
  return included || authorities.some(({ source }) => source.some(({ signaturePullSecrets }) => signaturePullSecrets.length > 0));
}
