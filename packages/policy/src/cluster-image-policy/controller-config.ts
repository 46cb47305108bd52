/** ConfigMap `config-policy-controller` (admission.md 4.5). */
import { TrustError } from '@assay/core';
import { goQuote } from './go/quote.ts';

export interface ControllerConfig {
  /** What becomes of an image that no policy is about. */
  readonly noMatchPolicy: 'deny' | 'allow' | 'warn';
  readonly failOnEmptyAuthorities: boolean;
  readonly enableOci11: boolean;
}

export const DEFAULT_CONTROLLER_CONFIG: ControllerConfig = { noMatchPolicy: 'deny', failOnEmptyAuthorities: true, enableOci11: false };

/**
 * Whatever is not understood about `no-match-policy` means deny. `_example` and other keys have no effect.
 * @throws TrustError POLICY_PARSE for a boolean that is none: the last good configuration stays
 */
export function parseControllerConfig(data: ReadonlyMap<string, string>): ControllerConfig {
  const noMatch = data.get('no-match-policy');
  return {
    noMatchPolicy: noMatch === 'allow' || noMatch === 'warn' ? noMatch : 'deny',
    failOnEmptyAuthorities: parseBool(data.get('fail-on-empty-authorities')) ?? true,
    enableOci11: parseBool(data.get('enable-oci11')) ?? false,
  };
}

/** As Go's `strconv.ParseBool`. */
function parseBool(text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new TrustError('POLICY_PARSE', `strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`);
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);
