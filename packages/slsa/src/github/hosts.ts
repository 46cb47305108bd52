/**
 * GitHub's hosts: github.com, and one for each customer with data residency, `TENANT.ghe.com`. Servers that customers run themselves (GHES) have no
 * attestations.
 */

/** Lower case, and without what stands before the host proper: `api.github.com` is github.com. */
export function normalHost(host: string): string {
  const lower = host.toLowerCase();
  if (lower === GITHUB || lower.endsWith(`.${GITHUB}`)) return GITHUB;
  if (!lower.endsWith(TENANTS)) return lower;
  return `${lower.slice(0, -TENANTS.length).split('.').at(-1)}${TENANTS}`;
}

/** `acme` of `acme.ghe.com`; undefined for every other host. */
export function tenantOf(host: string): string | undefined {
  const normal = normalHost(host);
  return normal.endsWith(TENANTS) ? normal.slice(0, -TENANTS.length) : undefined;
}

export function hasAttestations(host: string): boolean {
  return normalHost(host) === GITHUB || tenantOf(host) !== undefined;
}

/** Without a slash at the end. */
export function apiUrl(host: string): string {
  return `https://api.${normalHost(host)}`;
}

/** Where certificates say that owners and repositories are, without a slash at the end. */
export function webUrl(tenant: string | undefined): string {
  return `https://${tenant === undefined ? GITHUB : `${tenant}${TENANTS}`}`;
}

/** Who vouches for workflows. */
export function actionsIssuer(tenant: string | undefined): string {
  return tenant === undefined ? ACTIONS_ISSUER : `https://token.actions.${tenant}${TENANTS}`;
}

export const GITHUB = 'github.com';
export const ACTIONS_ISSUER = 'https://token.actions.githubusercontent.com';
const TENANTS = '.ghe.com';
