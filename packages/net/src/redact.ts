/**
 * A URL fit for messages: without user, password, query values and fragment.
 *
 * Registries and object stores put tokens into all of these (`https://user:token@host/`, `?X-Amz-Signature=…`),
 * and messages end in build logs that many people read (architecture.md section 7).
 */
import { quote } from '@assay/core';

/**
 * @param url a URL, or any text that was meant to be one
 * @returns scheme, host, port and path; `?…` stands for a query that was there
 * @example redactUrl('https://user:hunter2@example.com/a?token=1') // 'https://example.com/a?…'
 */
export function redactUrl(url: string | URL): string {
  const parsed = typeof url === 'string' ? parse(url) : url;
  if (parsed === undefined) return quote(redactText(String(url)));
  return quote(`${parsed.protocol}//${parsed.host}${parsed.pathname}${parsed.search === '' ? '' : '?…'}`);
}

function parse(text: string): URL | undefined {
  if (!text.includes('://')) return undefined;
  return URL.canParse(text) ? new URL(text) : undefined;
}

/** What does not parse may still hold a secret: drop all that could be one. */
function redactText(text: string): string {
  const [beforeQuery = '', ...query] = text.split('?');
  const withoutUser = beforeQuery.replace(/\/\/.*@/u, '//');
  return query.length === 0 ? withoutUser : `${withoutUser}?…`;
}
