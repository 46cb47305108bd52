/** SPIFFE ids (SPIFFE-ID section 2): `spiffe://trust-domain[/segment]…`, in lower-case letters, digits, `.`, `-`, `_`; upper case too in the path. */

/** The trust domain of an id, or of its bare name; undefined when it is neither. */
export function trustDomainOf(idOrName: string): string | undefined {
  return /^[a-z0-9._-]+$/.test(idOrName) ? idOrName : parseSpiffeId(idOrName);
}

/** The trust domain of an id; undefined when it is none. */
export function parseSpiffeId(id: string): string | undefined {
  const [, domain, path = ''] = /^spiffe:\/\/([a-z0-9._-]+)((?:\/[A-Za-z0-9._-]+)*)$/.exec(id) ?? [];
  const hasDots = path.split('/').some((segment) => segment === '.' || segment === '..');
  return hasDots ? undefined : domain;
}
