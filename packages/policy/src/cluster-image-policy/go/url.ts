/**
 * URLs by the rules of Go's `net/url`, which differ from those of browsers: `a:b` is a URL with an opaque part, `//host` has no scheme, `x` is a path.
 * Only what validation asks of a URL is told.
 */
import { goQuote } from './quote.ts';

export interface GoUrl {
  /** Lower case; '' without one. */
  readonly scheme: string;
  /** With the port, escapes resolved; '' without one. */
  readonly host: string;
}

/** The URL, or what is wrong with it: `parse "x": …`. */
export function parseGoUrl(text: string): GoUrl | string {
  const hash = text.indexOf('#');
  const withoutFragment = hash < 0 ? text : text.slice(0, hash);
  const parsed = parse(withoutFragment, 'reference');
  if (typeof parsed === 'string') return `parse ${goQuote(withoutFragment)}: ${parsed}`;
  const badEscape = hash < 0 ? undefined : invalidEscape(text.slice(hash + 1));
  return badEscape === undefined ? parsed : `parse ${goQuote(text)}: ${badEscape}`;
}

/** As a request line has it: an absolute URI, or an absolute path. Undefined when it is one. */
export function requestUriProblem(text: string): string | undefined {
  const parsed = parse(text, 'request');
  return typeof parsed === 'string' ? `parse ${goQuote(text)}: ${parsed}` : undefined;
}

function parse(text: string, form: 'reference' | 'request'): GoUrl | string {
  if (CONTROL.test(text)) return 'net/url: invalid control character in URL';
  if (text === '' && form === 'request') return 'empty url';
  if (text === '*') return { scheme: '', host: '' };
  if (text.startsWith(':')) return 'missing protocol scheme';
  const [, written = '', afterScheme = text] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/su.exec(text) ?? [];
  const scheme = written.toLowerCase();
  const [rest = ''] = afterScheme.split('?', 1);
  if (!rest.startsWith('/') && scheme !== '') return { scheme, host: '' };
  if (!rest.startsWith('/') && form === 'request') return 'invalid URI for request';
  if (!rest.startsWith('/') && rest.split('/', 1)[0]?.includes(':')) return 'first path segment in URL cannot contain colon';
  const hasAuthority = rest.startsWith('//') && (scheme !== '' || (form === 'reference' && !rest.startsWith('///')));
  if (!hasAuthority) return invalidEscape(rest) ?? { scheme, host: '' };
  const [authority = ''] = rest.slice(2).split('/', 1);
  const host = parseAuthority(scheme, authority);
  if ('problem' in host) return host.problem;
  return invalidEscape(rest.slice(2 + authority.length)) ?? { scheme, host: host.host };
}

function parseAuthority(scheme: string, authority: string): Host {
  const at = authority.lastIndexOf('@');
  const host = parseHost(scheme, authority.slice(at + 1));
  const user = authority.slice(0, Math.max(0, at));
  if ('problem' in host) return host;
  if (!USER.test(user)) return { problem: 'net/url: invalid userinfo' };
  const problem = invalidEscape(user);
  return problem === undefined ? host : { problem };
}

type Host = { readonly host: string } | { readonly problem: string };

function parseHost(scheme: string, text: string): Host {
  if (text.startsWith('[')) return parseLiteral(text);
  if (text.includes('[')) return { problem: 'invalid IP-literal' };
  const colon = scheme === 'http' || scheme === 'https' ? text.indexOf(':') : text.lastIndexOf(':');
  if (colon >= 0 && !PORT.test(text.slice(colon))) return { problem: `invalid port ${goQuote(text.slice(colon))} after host` };
  return unescapeHost(text);
}

function parseLiteral(text: string): Host {
  const close = text.lastIndexOf(']');
  if (close < 0) return { problem: "missing ']' in host" };
  const port = text.slice(close + 1);
  if (port !== '' && !PORT.test(port)) return { problem: `invalid port ${goQuote(port)} after host` };
  const [address = ''] = text.slice(1, close).split('%25', 1);
  return URL.canParse(`http://[${address}]/`) ? { host: text } : { problem: `invalid host: ParseAddr(${goQuote(text.slice(1, close))}): unable to parse IP` };
}

/** In a host only bytes beyond ASCII may be escaped, and few other characters may stand for themselves. */
function unescapeHost(text: string): Host {
  const bad = invalidEscape(text);
  if (bad !== undefined) return { problem: bad };
  const [ascii] = /%[0-7][0-9a-f]/iu.exec(text) ?? [];
  if (ascii !== undefined && ascii !== '%25') return { problem: `invalid URL escape ${goQuote(ascii)}` };
  const [odd] = /[^A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"%\u0080-\u{10ffff}]/u.exec(text) ?? [];
  if (odd !== undefined) return { problem: `invalid character ${goQuote(odd)} in host name` };
  try {
    return { host: decodeURIComponent(text) };
  } catch {
    // Bytes that are no UTF-8: no host that anybody could mean.
    return { problem: 'net/url: invalid host' };
  }
}

function invalidEscape(text: string): string | undefined {
  const at = text.search(/%(?![0-9a-fA-F]{2})/);
  return at < 0 ? undefined : `invalid URL escape ${goQuote(text.slice(at, at + 3))}`;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
const CONTROL = /[\x00-\x1f\x7f]/;
const PORT = /^:\d*$/;
const USER = /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/;
