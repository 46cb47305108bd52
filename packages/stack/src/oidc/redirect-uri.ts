/**
 * Where a code may be sent: to a program on the person's own machine, at any port (RFC 8252 section 7.3), or nowhere.
 *
 *   http://localhost:PORT/auth/callback      http://127.0.0.1:PORT/PATH      urn:ietf:wg:oauth:2.0:oob (the page shows the code)
 *
 * The text is compared as it is and never normalised first: what a browser makes of userinfo, backslashes, encoded slashes or a fragment is
 * how codes get stolen. Hence no query either.
 */
export function isTrustedRedirect(uri: string): boolean {
  if (uri === OUT_OF_BAND) return true;
  const port = LOOPBACK.exec(uri)?.groups?.['port'];
  return port !== undefined && Number(port) <= MAX_PORT;
}

export function withQuery(uri: string, query: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${uri}?${new URLSearchParams(given)}`;
}

export const OUT_OF_BAND = 'urn:ietf:wg:oauth:2.0:oob';
const LOOPBACK = /^http:\/\/(?:localhost:(?=\d+\/auth\/callback$)|127\.0\.0\.1:)(?<port>[1-9]\d{0,4})(?:\/(?!\.\.?(?:\/|$))[A-Za-z0-9._~-]*)+$/;
const MAX_PORT = 65_535;
