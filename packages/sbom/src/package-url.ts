/**
 * Package URLs (ECMA-427 §5): `pkg:TYPE/NAMESPACE/NAME@VERSION?KEY=VALUE#SUBPATH`.
 *
 * Written in canonical form: everything is percent-encoded but letters, digits, `.-_~` and colons. Kept libraries leave `+` in versions, so that one package
 * would have two names, and refuse versions that there are, such as Go's `(devel)`. What others write is read from the right, taken as far as it can be told
 * apart, and written again.
 */

export interface PackageUrlParts {
  readonly type: string;
  /** Segments between slashes. */
  readonly namespace?: string;
  readonly name: string;
  readonly version?: string;
  readonly qualifiers?: Readonly<Record<string, string>>;
  readonly subpath?: string;
}

/** @param parts well-formed Unicode */
export function packageUrl({ type, namespace = '', name, version = '', qualifiers = {}, subpath = '' }: PackageUrlParts): string {
  const path = [...segments(namespace), name].map((part) => encoded(IN_LOWER_CASE.has(type) ? part.toLowerCase() : part));
  const query = Object.entries(qualifiers)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encoded(value)}`);
  const below = segments(subpath).filter((part) => part !== '.' && part !== '..');
  return [
    `pkg:${type}/${path.join('/')}`,
    version === '' ? '' : `@${encoded(version)}`,
    query.length === 0 ? '' : `?${query.join('&')}`,
    below.length === 0 ? '' : `#${below.map(encoded).join('/')}`,
  ].join('');
}

function segments(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function encoded(part: string): string {
  return encodeURIComponent(part)
    .replace(/%3A/g, ':')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Their registries do not tell cases apart. */
const IN_LOWER_CASE: ReadonlySet<string> = new Set(['github', 'npm', 'pypi']);

export interface ParsedPurl {
  /** In canonical form. */
  readonly purl: string;
  readonly type: string;
  /** `org.example` of Maven, `@scope` of npm; empty when there is none. */
  readonly namespace: string;
}

/** Undefined for what is none. */
export function parsePurl(text: string): ParsedPurl | undefined {
  const { type = '', rest = '' } = /^pkg:\/*(?<type>[a-z][a-z0-9.+-]*)\/(?<rest>.+)$/is.exec(text)?.groups ?? {};
  try {
    const parts = partsOf(type.toLowerCase(), rest);
    return parts.name === '' ? undefined : { purl: packageUrl(parts), type: parts.type, namespace: parts.namespace };
  } catch (error) {
    // Percent signs that encode nothing.
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function partsOf(type: string, text: string): Required<PackageUrlParts> {
  const [beforeSubpath, subpath] = splitAtLast(text, '#');
  const [beforeQualifiers, qualifiers] = splitAtLast(beforeSubpath, '?');
  const path = beforeQualifiers.replace(/\/+$/, '');
  // An `@` further left begins a scope that nobody has encoded.
  const at = path.lastIndexOf('@') > path.lastIndexOf('/') + 1 ? path.lastIndexOf('@') : path.length;
  const segments = path.slice(0, at).split('/').filter(Boolean).map(decodeURIComponent);
  const name = segments.pop() ?? '';
  return {
    type,
    namespace: segments.join('/'),
    // The registry of Python knows no difference.
    name: type === 'pypi' ? name.replaceAll('_', '-') : name,
    version: decodeURIComponent(path.slice(at + 1)),
    qualifiers: qualifiersOf(qualifiers),
    subpath: decodeURIComponent(subpath),
  };
}

function qualifiersOf(text: string): Record<string, string> {
  const pairs = text.split('&').flatMap((pair): [string, string][] => {
    const at = pair.indexOf('=');
    return at < 1 || at === pair.length - 1 ? [] : [[pair.slice(0, at).toLowerCase(), decodeURIComponent(pair.slice(at + 1))]];
  });
  return Object.fromEntries(pairs);
}

function splitAtLast(text: string, separator: string): [string, string] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
