/** Webhook configurations for policies, as data: who is asked about what, under which name, on which path. What is the same of all is left to whoever writes them. */
import { generatedSpecs, type Target } from './autogen.ts';
import { isFineGrained, webhookName } from './denial.ts';
import type { ImageValidatingPolicy } from './policy.ts';
import type { LabelSelector, NamedExpression, Spec } from './types.ts';

export interface Webhook {
  readonly name: string;
  readonly path: string;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly matchPolicy: 'Exact' | 'Equivalent';
  readonly timeoutSeconds: number;
  readonly matchConditions: readonly NamedExpression[];
  readonly rules: readonly WebhookRule[];
  /** Of the policy; the controller adds its own. */
  readonly namespaceSelector: LabelSelector | undefined;
  readonly objectSelector: LabelSelector | undefined;
}

export interface WebhookRule {
  readonly apiGroups: readonly string[];
  readonly apiVersions: readonly string[];
  readonly operations: readonly string[];
  readonly resources: readonly string[];
  readonly scope: string;
}

/** Policies without wishes of their own share one for each failure policy. Policies that judge no requests have none. */
export function webhooksOf(policies: readonly ImageValidatingPolicy[], phase: 'validate' | 'mutate'): readonly Webhook[] {
  const asked = policies.filter(({ spec }) => spec.evaluation?.admission?.enabled !== false && spec.evaluation?.mode !== 'JSON');
  const sorted = asked.toSorted((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
  const shared = new Map<string, ImageValidatingPolicy[]>();
  for (const policy of sorted.filter((one) => !isFineGrained(one))) {
    const { namespaceSelector, objectSelector } = policy.spec.matchConstraints ?? {};
    const place = JSON.stringify([webhookName(policy, phase), policy.namespace, namespaceSelector, objectSelector]);
    shared.set(place, [...(shared.get(place) ?? []), policy]);
  }
  const own = sorted.filter(isFineGrained).map((policy) => webhook([policy], phase));
  return [...own, ...[...shared.values()].map((group) => webhook(group, phase))];
}

function webhook(policies: readonly ImageValidatingPolicy[], phase: 'validate' | 'mutate'): Webhook {
  const [first] = policies as readonly [ImageValidatingPolicy, ...ImageValidatingPolicy[]];
  const { spec, kind, namespace } = first;
  const names = policies.map(({ name }) => name);
  const base = kind === 'NamespacedImageValidatingPolicy' ? 'nivpol' : 'ivpol';
  const inNamespace: LabelSelector = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [namespace] }] };
  return {
    name: webhookName(first, phase),
    path: `/${base}/${phase}/${names.join('/')}`,
    failurePolicy: spec.failurePolicy ?? 'Fail',
    matchPolicy: spec.matchConstraints?.matchPolicy === 'Exact' && phase === 'validate' ? 'Exact' : 'Equivalent',
    timeoutSeconds: spec.webhookConfiguration?.timeoutSeconds ?? 10,
    matchConditions: isFineGrained(first) ? conditionsOf(spec) : [],
    rules: sortedRules(policies.flatMap((policy) => [policy.spec, ...generatedSpecs(policy.spec).map((one) => one.spec)])),
    namespaceSelector: namespace === '' ? spec.matchConstraints?.namespaceSelector : inNamespace,
    objectSelector: spec.matchConstraints?.objectSelector,
  };
}

/** The API server asks about all kinds at once, so that each condition says which of them it is about. */
function conditionsOf(spec: Spec): NamedExpression[] {
  const generated = generatedSpecs(spec);
  if (generated.length === 0) return spec.matchConditions;
  const about = (targets: readonly Target[], prefix: string, { matchConditions }: Spec) => {
    const kinds = targets.map(
      ({ group, version, kind }) => `(object.apiVersion == '${group === '' ? version : `${group}/${version}`}' && object.kind =='${kind}')`,
    );
    return matchConditions.map(({ name, expression }) => ({ name: `${prefix}-${name}`, expression: `!(${kinds.sort().join(' || ')}) || (${expression})` }));
  };
  const pods: Target = { group: '', version: 'v1', resource: 'pods', kind: 'Pod' };
  return [...about([pods], 'autogen', spec), ...generated.flatMap(({ name, targets, spec: moved }) => about(targets, `autogen-${name}`, moved))];
}

function sortedRules(specs: readonly Spec[]): WebhookRule[] {
  const rules = specs.flatMap(({ matchConstraints }) =>
    (matchConstraints?.resourceRules ?? []).map(({ apiGroups = [], apiVersions = [], operations = [], resources = [], scope = '*' }) => ({
      apiGroups,
      apiVersions,
      operations,
      resources,
      scope,
    })),
  );
  const byText = new Map(rules.map((rule) => [JSON.stringify(rule), rule]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rule]) => rule);
}
