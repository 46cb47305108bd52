/** The languages that conditions may be written in, as judging sees them. `@assay/policy/engines` has the real ones. */
import type { FailedCondition } from './outcome.ts';

export interface PolicyEngines {
  /**
   * Undefined when `data` (JSON) satisfies the policy. `name`: as messages call it.
   * Errors: `POLICY_TIMEOUT`, `POLICY_MEMORY`, `POLICY_ENGINE`; whoever throws has not been satisfied.
   */
  evaluate(language: 'cue' | 'rego', request: { readonly policy: string; readonly data: string; readonly name: string }): Promise<FailedCondition | undefined>;
  /** Has them ready before they are needed. Errors: `POLICY_ENGINE`. */
  warm?(): Promise<void>;
}
