/**
 * `WWW-Authenticate` (RFC 9110 section 11.6.1), as registries send it:
 *
 *   Bearer realm="https://auth.example/token",service="registry.example",scope="repository:app:pull"
 *   Basic realm="Registry"
 *
 * A header may hold several challenges; Bearer is preferred, since it limits what a stolen secret can do.
 */
export type Challenge = { readonly scheme: 'bearer'; readonly realm: string; readonly service: string } | { readonly scheme: 'basic' };

/** Undefined when there is none that is understood. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const challenges = split(header ?? '');
  const bearer = challenges.find(({ scheme, values }) => scheme === 'bearer' && values.has('realm'));
  if (bearer !== undefined) return { scheme: 'bearer', realm: bearer.values.get('realm') ?? '', service: bearer.values.get('service') ?? '' };
  return challenges.some(({ scheme }) => scheme === 'basic') ? { scheme: 'basic' } : undefined;
}

interface Parsed {
  readonly scheme: string;
  readonly values: ReadonlyMap<string, string>;
}

/** `SCHEME name=value, name="value", SCHEME …`: a word that no equals sign follows begins the next challenge. */
function split(header: string): Parsed[] {
  const found: { scheme: string; values: Map<string, string> }[] = [];
  for (const [, name, quoted, plain, scheme] of header.slice(0, MAX_HEADER).matchAll(PART)) {
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), values: new Map() });
    else if (name !== undefined) found.at(-1)?.values.set(name.toLowerCase(), quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'));
  }
  return found;
}

const MAX_HEADER = 8192;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PART = new RegExp(`(${TOKEN})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${TOKEN}))|(${TOKEN})(?=\\s|,|$)`, 'g');
