/**
 * Policies for pods are policies for what makes pods: the same specification over `spec.template`, written from the one that the author wrote.
 *
 *   object.metadata.labels          defaults   object.spec.template.metadata.labels
 *                                   cronjobs   object.spec.jobTemplate.spec.template.metadata.labels
 *
 * The namespace of a pod is that of its controller, so `object.metadata.namespace` stays.
 */
import type { MatchConstraints, Spec } from './types.ts';

export interface Target {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
}

export interface GeneratedSpec {
  readonly name: 'defaults' | 'cronjobs';
  readonly targets: readonly Target[];
  readonly spec: Spec;
}

/** None where the author matches anything but all pods, or said that there be none. */
export function generatedSpecs(spec: Spec): readonly GeneratedSpec[] {
  if (!isAboutPodsAlone(spec.matchConstraints)) return [];
  const wanted = spec.autogen?.podControllers?.controllers ?? [...TARGETS.keys()];
  const generated = (['cronjobs', 'defaults'] as const).map((name) => ({
    name,
    targets: [...TARGETS.values()].filter(({ kind, resource }) => wanted.includes(resource) && (kind === 'CronJob') === (name === 'cronjobs')),
  }));
  return generated.filter(({ targets }) => targets.length > 0).map(({ name, targets }) => ({ name, targets, spec: specFor(spec, name, targets) }));
}

const apps = (resource: string, kind: string): readonly [string, Target] => [resource, { group: 'apps', version: 'v1', resource, kind }];
const batch = (resource: string, kind: string): readonly [string, Target] => [resource, { group: 'batch', version: 'v1', resource, kind }];

const TARGETS: ReadonlyMap<string, Target> = new Map([
  apps('daemonsets', 'DaemonSet'),
  apps('deployments', 'Deployment'),
  apps('replicasets', 'ReplicaSet'),
  apps('statefulsets', 'StatefulSet'),
  batch('cronjobs', 'CronJob'),
  batch('jobs', 'Job'),
]);

function isAboutPodsAlone(match: MatchConstraints | undefined): boolean {
  const { objectSelector, excludeResourceRules = [], resourceRules = [] } = match ?? {};
  const selects = Object.keys(objectSelector?.matchLabels ?? {}).length + (objectSelector?.matchExpressions ?? []).length > 0;
  const [rule] = resourceRules;
  if (rule === undefined || resourceRules.length !== 1 || selects || excludeResourceRules.length > 0) return false;
  const only = (values: readonly string[] | undefined, value: string) => values?.length === 1 && values[0] === value;
  return (rule.resourceNames ?? []).length === 0 && only(rule.apiGroups, '') && only(rule.apiVersions, 'v1') && only(rule.resources, 'pods');
}

function specFor(spec: Spec, name: 'defaults' | 'cronjobs', targets: readonly Target[]): Spec {
  const { resourceRules: [rule] = [], namespaceSelector } = spec.matchConstraints ?? {};
  const groups = [...new Set(targets.map(({ group }) => group))].sort();
  const resourceRules = groups.map((group) => ({
    apiGroups: [group],
    apiVersions: ['v1'],
    operations: rule?.operations ?? [],
    resources: targets.flatMap((target) => (target.group === group ? [target.resource] : [])).sort(),
  }));
  const moved = rewritten(spec, name === 'defaults' ? 'spec.template' : 'spec.jobTemplate.spec.template') as Spec;
  return { ...moved, matchConstraints: { resourceRules, ...(namespaceSelector !== undefined && { namespaceSelector }) } };
}

/** In every text, as Kyverno does it. */
function rewritten(value: unknown, template: string): unknown {
  if (typeof value === 'string') return inTemplate(value, template);
  if (Array.isArray(value)) return value.map((member) => rewritten(member, template));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, rewritten(member, template)]));
}

function inTemplate(text: string, template: string): string {
  const moved = text.replace(/object\.spec(?!\.namespace(?![A-Za-z0-9_]))/g, `object.${template}.spec`);
  return moved
    .replace(/object\.metadata(?!\.namespace(?![A-Za-z0-9_]))/g, `object.${template}.metadata`)
    .replace(/oldObject\.spec(?!\.namespace(?![A-Za-z0-9_]))/g, `oldObject.${template}.spec`)
    .replace(/oldObject\.metadata(?!\.namespace(?![A-Za-z0-9_]))/g, `oldObject.${template}.metadata`);
}
