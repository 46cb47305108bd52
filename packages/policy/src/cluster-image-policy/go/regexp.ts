/** What Go's `regexp` says of a pattern: `error parsing regexp: …`. Undefined when it compiles. */
import { RE2JS } from 're2js';

export function regexpProblem(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN) return `error parsing regexp: expression too large: ${pattern.length} characters, the cap is ${MAX_PATTERN}`;
  try {
    RE2JS.compile(pattern);
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // The one text in which the two differ.
    return message.endsWith('trailing backslash at end of expression') ? `${message}: \`\`` : message;
  }
}

/** That of identities in core: a longer one could be admitted here, and never be used. */
const MAX_PATTERN = 4096;
