/** Response headers as a plain record, and the part of them that may be shown. */
import type { IncomingHttpHeaders } from 'node:http';
import { quote } from '@assay/core';

/** Lower-case names; repeated headers joined by a comma. */
export function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return plain;
}

/** Without what may hold a secret: cookies, tokens, and the credentials and queries of URLs. Challenges (WWW-Authenticate) hold none. */
export function shownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const shown = Object.entries(headers).filter(([name]) => CHALLENGES.has(name) || !SECRET_NAME.test(name));
  return Object.fromEntries(shown.map(([name, value]) => [quote(name), quote(withoutUrlSecrets(value), MAX_VALUE_LENGTH)]));
}

/** Location and Link; but a signed URL is as secret in a header that we do not know. */
function withoutUrlSecrets(value: string): string {
  return value.replace(/\/\/[^/\s"<>]*@/gu, '//').replace(/\?[^\s"<>]+/gu, '?…');
}

const CHALLENGES = new Set(['www-authenticate', 'proxy-authenticate']);
const SECRET_NAME = /auth|cookie|token|secret|password|credential|session|api-?key/u;
const MAX_VALUE_LENGTH = 1000;
