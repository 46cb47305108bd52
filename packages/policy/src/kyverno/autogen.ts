/**
 * Rules over pods, also for what makes pods: `autogen-RULE` for Deployments and their like, `autogen-cronjob-RULE` for CronJobs (admission.md 6.3).
 *
 * The annotation `pod-policies.kyverno.io/autogen-controllers` names the kinds, or `none`. Nothing is generated where a rule says more of its objects than a
 * template of pods could answer: names, labels, annotations, or kinds besides Pod.
 */

import { parseKind } from './match.ts';
import type { KyvernoPolicy, PolicyRule } from './policy.ts';
import type { MatchResources, ResourceFilter, Rule } from './types.ts';

/** The rules of a policy, and those that are generated from them. */
export function allRules(policy: KyvernoPolicy): readonly PolicyRule[] {
  const controllers = controllersOf(policy);
  if (controllers.length === 0) return policy.rules;
  const generated = policy.rules.flatMap((rule) => generatedFrom(rule, controllers));
  if (generated.length === 0) return policy.rules;
  return [...policy.rules.filter(({ name }) => !isGenerated(name)), ...generated];
}

function controllersOf({ rules, annotations }: KyvernoPolicy): readonly string[] {
  if (!canGenerate(rules)) return [];
  const wanted = annotations[AUTOGEN];
  if (wanted === undefined) return CONTROLLERS;
  if (wanted === 'none') return [];
  const names = wanted.split(',').map((name) => name.trim());
  return names.includes('all') ? CONTROLLERS : CONTROLLERS.filter((name) => names.includes(name));
}

function canGenerate(rules: readonly PolicyRule[]): boolean {
  const filters = rules.flatMap(({ rule }) => [rule.match, ...(rule.exclude ? [rule.exclude] : [])].flatMap(filtersOf));
  if (rules.some(({ kind }) => kind === 'generate')) return false;
  // Patches by pointers lead elsewhere in a template.
  if (rules.some(({ rule }) => JSON.stringify(rule.mutate ?? null).includes('"patchesJson6902"'))) return false;
  const says = ({ resources }: ResourceFilter) =>
    resources !== undefined &&
    resources !== null &&
    (Boolean(resources.name) ||
      (resources.names ?? []).length > 0 ||
      Boolean(resources.selector) ||
      Boolean(resources.annotations) ||
      ((resources.kinds ?? []).length > 1 && containsPod(resources.kinds ?? [])));
  if (filters.some(says)) return false;
  return filters.some(({ resources }) => (resources?.kinds ?? []).some((kind) => kind === 'Pod' || CONTROLLERS.includes(kind)));
}

function filtersOf(match: MatchResources): readonly ResourceFilter[] {
  return [match, ...(match.any ?? []), ...(match.all ?? [])];
}

function containsPod(kinds: readonly string[]): boolean {
  return kinds.some((kind) => parseKind(kind).kind === 'Pod');
}

function generatedFrom(rule: PolicyRule, controllers: readonly string[]): PolicyRule[] {
  const kindsOf = (match: MatchResources) => filtersOf(match).flatMap(({ resources }) => resources?.kinds ?? []);
  const { match, exclude } = rule.rule;
  const excluded = exclude ? kindsOf(exclude) : [];
  if (isGenerated(rule.name) || !containsPod(kindsOf(match)) || (excluded.length > 0 && !containsPod(excluded))) return [];
  // A rule of another kind is told by its name alone.
  const others = controllers.filter((kind) => kind !== 'CronJob');
  const generated: PolicyRule[] = [];
  if (others.length > 0) generated.push(generatedRule(rule, 'autogen', others, 'spec.template'));
  if (controllers.includes('CronJob')) generated.push(generatedRule(rule, 'autogen-cronjob', ['CronJob'], 'spec.jobTemplate.spec.template'));
  return generated;
}

function generatedRule({ kind, rule }: PolicyRule, prefix: string, kinds: readonly string[], template: string): PolicyRule {
  const name = `${prefix}-${rule.name}`.slice(0, 63);
  const withKinds = (match: MatchResources, always: boolean): MatchResources => {
    const set = (filter: ResourceFilter): ResourceFilter =>
      containsPod(filter.resources?.kinds ?? []) ? { ...filter, resources: { ...filter.resources, kinds: kinds.map(qualified) } } : filter;
    if ((match.any ?? []).length > 0) return { ...match, any: (match.any ?? []).map(set) };
    if ((match.all ?? []).length > 0) return { ...match, all: (match.all ?? []).map(set) };
    return always || (match.resources?.kinds ?? []).length > 0 ? { ...match, resources: { ...match.resources, kinds: kinds.map(qualified) } } : match;
  };
  const { imageExtractors: _, ...rest } = rule;
  const moved: Rule = { ...rest, name, match: withKinds(rule.match, true), ...(rule.exclude && { exclude: withKinds(rule.exclude, false) }) };
  return { kind, name, rule: { ...shifted(moved, template), name } };
}

/** What a rule says of a pod, it now says of a template. */
function shifted(rule: Rule, template: string): Rule {
  const move = (value: unknown): unknown => {
    if (typeof value === 'string')
      return value.replace(/request\.(object|oldObject)\.(spec|metadata)/g, (_, object: string, part: string) => `request.${object}.${template}.${part}`);
    if (Array.isArray(value)) return value.map(move);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, move(one)]));
  };
  return move(rule) as Rule;
}

function isGenerated(name: string): boolean {
  return name.startsWith('autogen-');
}

function qualified(kind: string): string {
  return kind === 'ReplicationController' ? `v1/${kind}` : kind === 'Job' || kind === 'CronJob' ? `batch/v1/${kind}` : `apps/v1/${kind}`;
}

const AUTOGEN = 'pod-policies.kyverno.io/autogen-controllers';
const CONTROLLERS: readonly string[] = ['CronJob', 'DaemonSet', 'Deployment', 'Job', 'ReplicaSet', 'ReplicationController', 'StatefulSet'];
