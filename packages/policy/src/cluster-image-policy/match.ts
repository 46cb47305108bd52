/** Which policies are about an image of an object (admission.md 1.6). */
import { quote } from '@assay/core';
import { matchGlob } from './glob.ts';
import type { ImagePattern, LabelRequirement, LabelSelector, MatchResource } from './types.ts';

export interface MatchedObject {
  readonly kind: string;
  readonly apiVersion: string;
  /** Of the object itself, not of its pod template. */
  readonly labels: ReadonlyMap<string, string>;
}

/** Of a policy. */
export interface Scope {
  readonly images: readonly ImagePattern[];
  readonly match: readonly MatchResource[];
}

export interface Match {
  readonly matched: boolean;
  /** What could not be decided. The container is denied then, whatever else matched. */
  readonly problem?: string;
}

/** @param image its canonical name, with the digest */
export function matchPolicy(scope: Scope, image: string, object: MatchedObject): Match {
  const covered = coversObject(scope.match, object);
  if (covered !== true) return covered === false ? { matched: false } : { matched: false, problem: covered.problem };
  let matched = false;
  let problem: string | undefined;
  for (const { glob } of scope.images) {
    const result = glob === '' ? false : matchGlob(glob, image);
    if (typeof result === 'object') problem = result.problem;
    else matched ||= result;
  }
  return problem === undefined ? { matched } : { matched, problem };
}

/** Without entries, every object; see `matchPolicy`. */
export function coversObject(entries: readonly MatchResource[], { kind, apiVersion, labels }: MatchedObject): boolean | { readonly problem: string } {
  const groupVersion = parseGroupVersion(apiVersion);
  if (groupVersion === undefined) return { problem: `unexpected GroupVersion string: ${quote(apiVersion)}` };
  if (entries.length === 0) return true;
  const resource = resourceOf(kind);
  for (const entry of entries) {
    if (entry.resource !== resource || entry.group !== groupVersion.group) continue;
    if (entry.version !== groupVersion.version && entry.version !== '*') continue;
    const selected = entry.selector === undefined || selects(entry.selector, labels);
    if (selected === 'malformed') return { problem: 'policy with wrong match label selector' };
    if (selected) return true;
  }
  return false;
}

/** The plural that Kubernetes guesses for a kind: `NetworkPolicy` is `networkpolicies`, and endpoints are their own plural. */
export function resourceOf(kind: string): string {
  const singular = kind.toLowerCase();
  if (singular === '' || singular.endsWith('endpoints')) return singular;
  if (singular.endsWith('s')) return `${singular}es`;
  return singular.endsWith('y') ? `${singular.slice(0, -1)}ies` : `${singular}s`;
}

/** `apps/v1`; the core group is ''. */
export function parseGroupVersion(apiVersion: string): { readonly group: string; readonly version: string } | undefined {
  if (apiVersion === '' || apiVersion === '/') return { group: '', version: '' };
  const parts = apiVersion.split('/');
  if (parts.length > 2) return undefined;
  return parts.length === 1 ? { group: '', version: apiVersion } : { group: parts[0] ?? '', version: parts[1] ?? '' };
}

/** All labels and all expressions must hold; an empty selector selects everything. */
export function selects({ matchLabels, matchExpressions }: LabelSelector, labels: ReadonlyMap<string, string>): boolean | 'malformed' {
  const requirements = [...[...matchLabels].map(([key, value]) => ({ key, operator: 'In', values: [value] })), ...matchExpressions];
  if (!requirements.every(isWellFormed)) return 'malformed';
  return requirements.every((requirement) => holds(requirement, labels));
}

function holds({ key, operator, values }: LabelRequirement, labels: ReadonlyMap<string, string>): boolean {
  const value = labels.get(key);
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}

function isWellFormed({ key, operator, values }: LabelRequirement): boolean {
  if (!isLabelKey(key) || !values.every(isLabelValue)) return false;
  if (operator === 'In' || operator === 'NotIn') return values.length > 0;
  return (operator === 'Exists' || operator === 'DoesNotExist') && values.length === 0;
}

/** `[PREFIX/]NAME`, where the prefix is a DNS name. */
function isLabelKey(key: string): boolean {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  const [prefix] = parts.length === 2 ? parts : [undefined];
  if (parts.length > 2 || name.length > 63 || !LABEL.test(name)) return false;
  return prefix === undefined || (prefix.length <= 253 && DNS_NAME.test(prefix));
}

function isLabelValue(value: string): boolean {
  return value === '' || (value.length <= 63 && LABEL.test(value));
}

const LABEL = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const DNS_NAME = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
