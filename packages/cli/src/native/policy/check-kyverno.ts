/** Policies of Kyverno, validated with its texts. */
import type { PolicyProblem } from '@assay/policy/native';
import type { PolicyDocument } from './policy-file.ts';

type Problem = Omit<PolicyProblem, 'path'>;

/** Errors: `POLICY_INVALID`, with what the API server would say. */
export async function kyvernoProblems({ dialect, value }: PolicyDocument): Promise<readonly Problem[]> {
  if (dialect === 'kyverno') {
    const { policyOf, validateKyverno } = await import('@assay/policy/kyverno');
    const { errors, warnings } = validateKyverno(policyOf(value as Parameters<typeof policyOf>[0]));
    return [...errors.map((says): Problem => ({ level: 'error', says })), ...warnings.map((says): Problem => ({ level: 'warning', says }))];
  }
  const { compilePolicy, imageValidatingPolicyOf } = await import('@assay/policy/image-validating-policy');
  compilePolicy(imageValidatingPolicyOf(value as Parameters<typeof imageValidatingPolicyOf>[0]));
  return [];
}
