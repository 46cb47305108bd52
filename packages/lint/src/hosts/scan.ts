/**
 * Hosts in a text: of URLs, of `HOST/owner/repository`, and in patterns, where dots are escaped. One pass over runs of characters that hosts are made of, so
 * that a line of a megabyte takes as long as a megabyte of lines.
 */
export interface HostPlace {
  /** As a resolver would have it: no escapes, no closing dot. */
  readonly host: string;
  readonly start: number;
  readonly end: number;
  /** Dots are written `\.`, or `\\.` inside a string. */
  readonly dot: string;
  /** `url` after `//`, `path` before a slash, `word` alone. */
  readonly form: 'url' | 'path' | 'word';
  /** Before `@` in a URL: it reads like a host, and is a user name. */
  readonly isUserName: boolean;
  /** The host of a URL that follows in the path, as proxies want it: `https://HOST/https://github.com/…`. */
  readonly proxied: string | undefined;
}

export function* hostsIn(text: string): Generator<HostPlace> {
  for (const found of text.matchAll(RUN)) {
    const place = placeOf(text, found.index, found[0]);
    if (place !== undefined) yield place;
  }
}

function placeOf(text: string, at: number, found: string): HostPlace | undefined {
  if (found.length > MAX_RUN) return undefined;
  const lead = /^[^\p{L}\p{N}]*/u.exec(found)?.[0].length ?? 0;
  const run = found.slice(lead).replace(/[^\p{L}\p{N}]+$/u, '');
  const start = at + lead;
  const end = start + run.length;
  const dot = /\\{0,4}\./.exec(run)?.[0] ?? '.';
  const host = run.replace(/\\+(?=\.)/g, '').replace(/[。．｡]/g, '.');
  if (host.length > MAX_HOST || !HOST.test(host)) return undefined;
  // Slashes of patterns may be escaped.
  const before = text.slice(Math.max(0, start - 6), start).replaceAll('\\', '');
  const after = text.slice(end, end + LOOK_AHEAD).replaceAll('\\', '');
  const place = { host, start, end, dot };
  if (before.endsWith('//')) return { ...place, form: 'url', isUserName: USER_NAME.test(after), proxied: PROXIED.exec(after)?.[1] };
  // In a path it is a folder, and with such an ending a file.
  if (before.endsWith('/') || EXTENSIONS.test(host) || !TOP_LEVEL.test(host)) return undefined;
  return { ...place, form: IN_PATH.test(after) ? 'path' : 'word', isUserName: false, proxied: undefined };
}

const RUN = /[\p{L}\p{N}\p{M}\p{Cf}_.\\。．｡-]+/gu;
const HOST = /^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}\p{Cf}_-]*\.[\p{L}\p{N}\p{M}\p{Cf}_-]+)+$/u;
const TOP_LEVEL = /\.(?:xn--[\w-]+|\p{L}{2,})$/u;
const USER_NAME = /^(?::[^\s/@]*)?@[\p{L}\p{N}]/u;
const IN_PATH = /^(?::\d{1,5})?\/[\p{L}\p{N}$<{([]/u;
const PROXIED = /^\/https?:\/\/([\w.-]+)/;
/** Names of files that a bare word could be. */
const EXTENSIONS =
  /\.(?:conf|cfg|ini|crt|cer|pem|key|pub|ya?ml|json|jsonl|toml|md|mdx|txt|rst|adoc|html?|css|sh|bash|go|mod|rs|py|js|mjs|cjs|ts|tsx|jsx|java|rb|php|lock|sum|sig|asc|tar|gz|tgz|xz|zip|log|bundle|cue|rego|png|svg|jpe?g|gif|ico|xml|lua|tf|tpl|cache|service|d)$/i;
const MAX_RUN = 1000;
const MAX_HOST = 253;
const LOOK_AHEAD = 80;
