/**
 * Texts that stand in certificates as URIs or addresses. Both are IA5String there (RFC 5280 section 4.2.1.6): a file name with a space or an
 * umlaut is percent-encoded as Go's `url.URL` prints it, and verifiers compare with that form.
 */

/** `text` with what no URI may hold percent-encoded; undefined for control characters and for `%` that is no escape. */
export function uriText(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refusing them is the point
  if (/[\x00-\x1f\x7f]|%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  // Characters of RFC 3986 stay, as does an escape that is already there.
  return text.replace(/[^\w.~:/?#[\]@!$&'()*+,;=%-]+/gu, (part) => Array.from(new TextEncoder().encode(part), percent).join(''));
}

function percent(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** Whether a text would pass for an e-mail address: dot-atom, @, labels, and a last label of at least a letter at both ends. */
export function isEmail(text: string): boolean {
  return text.length <= MAX_EMAIL && EMAIL.test(text);
}

export function isPrintableAscii(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

// RFC 5321 section 4.5.3.1: 64 octets, @, 255 octets.
const MAX_EMAIL = 320;
const OTHER = '\\u{A0}-\\u{10FFFF}';
const ATOM = `[\\w!#$%&'*+\\/=?^\`{|}~${OTHER}\\-]+`;
const LABEL = `[A-Za-z0-9${OTHER}](?:[\\w~${OTHER}\\-]*[A-Za-z0-9${OTHER}])?`;
const LAST = `[A-Za-z${OTHER}](?:[\\w~${OTHER}\\-]*[A-Za-z${OTHER}])?`;
const EMAIL = new RegExp(`^${ATOM}(?:\\.${ATOM})*@(?:${LABEL}\\.)+${LAST}\\.?$`, 'u');
