/** Whether a text is an RE2 pattern. */
import { quote } from '@assay/core';
import { RE2JS } from 're2js';

/** `{tag}` stands for text. Undefined: nothing is wrong. */
export function problemOfRe2(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN) return `a pattern of ${pattern.length} characters, the cap is ${MAX_PATTERN}`;
  try {
    RE2JS.compile(pattern.replaceAll('{tag}', 'tag'));
    return undefined;
  } catch (error) {
    return `not an RE2 pattern: ${quote(error instanceof Error ? error.message : String(error))}`;
  }
}

/** As whole. Of a pattern without problems. */
export function matchesEverything(pattern: string): boolean {
  const compiled = RE2JS.compile(pattern.replaceAll('{tag}', 'tag'));
  return compiled.matches('') || compiled.matches('\u{1f980} unlikely');
}

/** That of core. */
const MAX_PATTERN = 4096;
