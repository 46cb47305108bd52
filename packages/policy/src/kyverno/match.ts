/**
 * Whether a rule is about an object: `match` and `exclude`, with kinds, names, namespaces, labels, operations and who asks (admission.md 6.3, upstream's
 * documentation on selecting resources).
 *
 * What cannot be evaluated is never a reason to leave a rule out: a selector that cannot be read matches in `match`, and excludes nothing in `exclude`.
 */
import { isJsonObject, type JsonObject } from '@assay/core';
import { matchesWildcard } from '../judge/text-pattern.ts';
import { stringsOf } from './documents.ts';
import type { Operation, Review, ReviewUser } from './rule-policy.ts';
import type { ExceptionSpec, LabelSelector, MatchResources, ResourceFilter, Rule } from './types.ts';

/** An object as matching sees it. */
export interface Matched {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly subresource: string;
  /** Or the beginning of a name that is yet to be made. */
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly operation: Operation;
  readonly user: ReviewUser | undefined;
}

/** Undefined when there is no object at all. */
export function matchedOf({ object, oldObject, subresource, namespaceLabels, operation, user }: Review): Matched | undefined {
  const one = object ?? oldObject;
  if (one === undefined) return undefined;
  const metadata: JsonObject = isJsonObject(one['metadata']) ? one['metadata'] : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const [version = '', group = ''] = text(one['apiVersion']).split('/').reverse();
  return {
    group,
    version,
    kind: text(one['kind']),
    subresource: subresource ?? '',
    name: text(metadata['name']) || text(metadata['generateName']),
    namespace: text(metadata['namespace']),
    labels: stringsOf(metadata['labels']),
    annotations: stringsOf(metadata['annotations']),
    namespaceLabels,
    operation,
    user,
  };
}

/** `policyNamespace` is '' for a ClusterPolicy; a Policy is about objects of its own namespace. */
export function ruleMatches({ match, exclude }: Pick<Rule, 'match' | 'exclude'>, object: Matched, policyNamespace: string): boolean {
  if (policyNamespace !== '' && policyNamespace !== object.namespace) return false;
  return isMatched(match, object) && !isExcluded(exclude, object);
}

function isMatched(match: MatchResources, object: Matched): boolean {
  const holds = (filter: ResourceFilter) => filterHolds(withoutUsers(filter, object), object, true);
  if ((match.any ?? []).length > 0) return (match.any ?? []).some(holds);
  if ((match.all ?? []).length > 0) return (match.all ?? []).every(holds);
  return holds(match);
}

/** Where nobody asks, as on the command line, nobody can be the wrong one. */
function withoutUsers(filter: ResourceFilter, { user }: Matched): ResourceFilter {
  return user === undefined ? { resources: filter.resources } : filter;
}

function isExcluded(exclude: MatchResources | null | undefined, object: Matched): boolean {
  if (exclude === undefined || exclude === null) return false;
  const holds = (filter: ResourceFilter) => filterHolds(filter, object, false);
  if ((exclude.any ?? []).length > 0) return (exclude.any ?? []).some(holds);
  if ((exclude.all ?? []).length > 0) return (exclude.all ?? []).every(holds);
  return holds(exclude);
}

/** Of an exception: never without a filter. Operations are not asked, as upstream has it. */
export function exceptionMatches({ match }: ExceptionSpec, object: Matched): boolean {
  const holds = ({ resources, ...users }: ResourceFilter) =>
    filterHolds({ ...users, ...(resources && { resources: { ...resources, operations: undefined } }) }, object, false);
  if ((match.any ?? []).length > 0) return (match.any ?? []).some(holds);
  return (match.all ?? []).length > 0 && (match.all ?? []).every(holds);
}

/** An empty filter holds for nothing. */
function filterHolds({ resources, roles, clusterRoles, subjects }: ResourceFilter, object: Matched, unreadable: boolean): boolean {
  const empty = [resources, roles, clusterRoles, subjects].every((part) => part === undefined || part === null || Object.values(part).every(isEmpty));
  if (empty) return false;
  const { user } = object;
  if (!isEmpty(roles) && !roles?.some((role) => user?.roles.includes(role))) return false;
  if (!isEmpty(clusterRoles) && !clusterRoles?.some((role) => user?.clusterRoles.includes(role))) return false;
  if (!isEmpty(subjects) && !subjects?.some((subject) => isSubject(subject, user))) return false;
  return resources === undefined || resources === null || resourcesHold(resources, object, unreadable);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === '' || (typeof value === 'object' && Array.isArray(value) && value.length === 0);
}

function isSubject(
  { kind, name, namespace = '' }: { readonly kind: string; readonly name: string; readonly namespace?: string | undefined },
  user?: ReviewUser,
): boolean {
  if (user === undefined) return false;
  if (kind === 'ServiceAccount') return matchesWildcard(`system:serviceaccount:${namespace}:${name}`, user.username);
  if (kind === 'Group') return user.groups.some((group) => matchesWildcard(name, group));
  return kind === 'User' && matchesWildcard(name, user.username);
}

function resourcesHold(resources: NonNullable<ResourceFilter['resources']>, object: Matched, unreadable: boolean): boolean {
  const { kinds, name, names, namespaces, annotations, selector, namespaceSelector, operations } = resources;
  if (!isEmpty(operations) && !operations?.includes(object.operation)) return false;
  if (!isEmpty(kinds) && !kinds?.some((kind) => isKind(kind, object))) return false;
  if (name !== undefined && name !== '' && !matchesWildcard(name, object.name)) return false;
  if (!isEmpty(names) && !names?.some((pattern) => matchesWildcard(pattern, object.name))) return false;
  const namespace = object.kind === 'Namespace' ? object.name : object.namespace;
  if (!isEmpty(namespaces) && !namespaces?.some((pattern) => matchesWildcard(pattern, namespace))) return false;
  if (!Object.entries(annotations ?? {}).every(([key, value]) => hasPair(object.annotations, key, value))) return false;
  if (selector && !selectorHolds(selector, object.labels, unreadable)) return false;
  if (namespaceSelector) return object.kind !== 'Namespace' && selectorHolds(namespaceSelector, object.namespaceLabels, unreadable);
  return true;
}

function hasPair(pairs: Readonly<Record<string, string>>, name: string, value: string): boolean {
  return Object.entries(pairs).some(([key, text]) => matchesWildcard(name, key) && matchesWildcard(value, text));
}

/** `Pod`, `v1/Pod`, `apps/v1/Deployment`, `Pod/status`, `Pod.status`, `*`; any of them with `*` and `?`. */
function isKind(text: string, { group, version, kind, subresource }: Matched): boolean {
  const wanted = parseKind(text);
  const fits = matchesWildcard(wanted.group, group) && matchesWildcard(wanted.version, version) && matchesWildcard(wanted.kind, kind);
  if (!fits) return false;
  // Who speaks of pods also means the containers that are added to them later.
  const ephemeral = subresource === 'ephemeralcontainers' && group === '' && version === 'v1' && kind === 'Pod';
  return matchesWildcard(wanted.subresource, subresource) || ephemeral;
}

export function parseKind(text: string): { readonly group: string; readonly version: string; readonly kind: string; readonly subresource: string } {
  const slashed = text.split('/');
  const parts = [...slashed.slice(0, -1), ...(slashed.at(-1) ?? '').split('.')];
  const [a = '', b = '', c = '', d = ''] = parts;
  switch (parts.length) {
    case 1:
      return { group: '*', version: '*', kind: a, subresource: '' };
    case 2:
      if (a === '*' && b === '*') return { group: '*', version: '*', kind: '*', subresource: '*' };
      if (a === '*' && b.toLowerCase() === b) return { group: '*', version: '*', kind: a, subresource: b };
      return VERSION.test(a) ? { group: '*', version: a, kind: b, subresource: '' } : { group: '*', version: '*', kind: a, subresource: b };
    case 3:
      return VERSION.test(a) ? { group: '*', version: a, kind: b, subresource: c } : { group: a, version: b, kind: c, subresource: '' };
    case 4:
      return { group: a, version: b, kind: c, subresource: d };
    default:
      return { group: '', version: '', kind: '', subresource: '' };
  }
}

const VERSION = /^(v\d((alpha|beta)\d)?|\*)$/;

/** Labels may be patterns, in the first form alone. */
export function selectorHolds({ matchLabels, matchExpressions }: LabelSelector, labels: Readonly<Record<string, string>>, unreadable: boolean): boolean {
  for (const [name, value] of Object.entries(matchLabels ?? {})) if (!hasPair(labels, name, value)) return false;
  for (const { key, operator, values } of matchExpressions ?? []) {
    const list = values ?? [];
    // A list that the operator does not take.
    if ((operator === 'In' || operator === 'NotIn') === (list.length === 0)) return unreadable;
    const label = Object.hasOwn(labels, key) ? labels[key] : undefined;
    const among = label !== undefined && list.includes(label);
    const holds = { In: among, NotIn: !among, Exists: label !== undefined, DoesNotExist: label === undefined }[operator];
    if (!holds) return false;
  }
  return true;
}
