/** The address of a TUF mirror. */
import { quote, TrustError } from '@assay/core';
import { redactUrl } from '@assay/net';

export interface Mirror {
  /** For requests; without a slash at the end. */
  readonly url: string;
  /** The same without credentials: for messages, folder names and what is embedded. */
  readonly name: string;
}

/** @throws TrustError NET_URL */
export function parseMirror(text: string): Mirror {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw new TrustError('NET_URL', `the TUF mirror is not an http(s) URL: ${redactUrl(text)}`);
  if (url.search !== '' || url.hash !== '') throw new TrustError('NET_URL', `the TUF mirror must have no query and no fragment: ${redactUrl(text)}`);
  const withoutSlash = (href: string): string => href.replace(/\/+$/u, '');
  const named = new URL(url);
  named.username = '';
  named.password = '';
  return { url: withoutSlash(url.href), name: quote(withoutSlash(named.href)) };
}
