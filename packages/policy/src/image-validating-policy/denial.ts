/** What the webhook answers, in Kyverno's words. */
import type { ImageValidatingPolicy } from './policy.ts';
import type { ImageValidatingResult } from './rule-policy.ts';

export interface Answer {
  readonly allowed: boolean;
  /** Why not; '' when allowed. */
  readonly message: string;
  readonly warnings: readonly string[];
}

/** Several refusals in the order of the policies. */
export function answerOf(results: readonly ImageValidatingResult[]): Answer {
  const of = (action: 'Deny' | 'Warn') => results.filter(({ actions }) => actions.includes(action)).flatMap(problemText);
  const errors = of('Deny');
  return { allowed: errors.length === 0, message: errors.join('; '), warnings: of('Warn') };
}

function problemText({ policy, status, message }: ImageValidatingResult): string[] {
  if (status === 'fail') return [`Policy ${policy} failed: ${message}`];
  return status === 'error' ? [`Policy ${policy} error: ${message}`] : [];
}

/** As kubectl shows it. */
export function refusalText(webhook: string, message: string): string {
  return `admission webhook "${webhook}" denied the request: ${message}`;
}

/** Policies with conditions, a timeout or an exact match have webhooks of their own. */
export function isFineGrained({ spec }: ImageValidatingPolicy): boolean {
  return spec.matchConditions.length > 0 || spec.matchConstraints?.matchPolicy === 'Exact' || spec.webhookConfiguration?.timeoutSeconds !== undefined;
}

/** `ivpol.validate.kyverno.svc-fail`, `ivpol.mutate.kyverno.svc-ignore-finegrained-NAME`. */
export function webhookName(policy: ImageValidatingPolicy, phase: 'validate' | 'mutate'): string {
  const { name, namespace, kind, spec } = policy;
  const base = `${kind === 'NamespacedImageValidatingPolicy' ? 'nivpol' : 'ivpol'}.${phase}.kyverno.svc-${spec.failurePolicy === 'Ignore' ? 'ignore' : 'fail'}`;
  if (!isFineGrained(policy)) return base;
  return `${base}-finegrained-${namespace === '' ? name : `${namespace}-${name}`}`;
}
