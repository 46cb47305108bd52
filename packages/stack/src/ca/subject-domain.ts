/**
 * The domain in which the subjects of `uri` and `username` issuers live. Whoever runs an issuer must not speak for other people's domains, so
 * the domain equals the issuer's host, or shares its last two labels, and for URIs the scheme (services.md section 3).
 *
 *   issuer https://accounts.example.com   subject-domain https://users.example.com (uri), users.example.com (username)
 */
import { quote } from '@assay/core';
import type { ConfigMap } from './config-reader.ts';

/** Errors: `STACK_ISSUERS`. */
export function checkSubjectDomain(kind: 'uri' | 'username', issuerUrl: string, map: ConfigMap): string {
  const domain = map.text('subject-domain') ?? map.refuse(`subject-domain is missing, which a ${kind} issuer needs`);
  const issuer = new URL(issuerUrl);
  const found = quote(domain, 120);
  if (kind === 'username') {
    if (!HOST.test(domain)) map.refuseField('subject-domain', 'is not a host name without a scheme', { expected: 'such as example.com', found });
    checkHosts(domain, issuer.hostname, map);
    return domain;
  }
  const parts = hierarchicalParts(domain);
  if (parts === undefined || !HOST.test(parts.host))
    return map.refuseField('subject-domain', 'is not a URL', { expected: `${issuer.protocol}//example.com`, found });
  if (`${parts.scheme}:` !== issuer.protocol)
    map.refuseField('subject-domain', "has another scheme than the issuer's URL", { expected: issuer.protocol, found });
  checkHosts(parts.host, issuer.hostname, map);
  return domain;
}

function checkHosts(domain: string, issuer: string, map: ConfigMap): void {
  if (domain === issuer) return;
  const expected = issuer.split('.').slice(-2);
  const found = domain.split('.').slice(-2);
  if (expected.length === 2 && expected.join('.') === found.join('.')) return;
  map.refuseField('subject-domain', "and the issuer's host differ in their last two labels", {
    expected: quote(expected.join('.')),
    found: quote(domain, 120),
  });
}

export interface HierarchicalParts {
  readonly scheme: string;
  readonly host: string;
}

/**
 * Scheme and host of `scheme://[user@]host[:port][/…]`, as they stand there. Not by `URL`, which repairs what it reads: with it,
 * `https://example.com\@evil.example` is on example.com, and elsewhere it is not.
 */
export function hierarchicalParts(text: string): HierarchicalParts | undefined {
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[\w.~!$&'()*+,;=:%-]*@)?([\w.~-]+)(?::\d*)?(?:[/?#]|$)/.exec(text);
  const [, scheme, host] = match ?? [];
  return scheme === undefined || host === undefined ? undefined : { scheme, host };
}

const HOST = /^[\w-]+(?:\.[\w-]+)*$/;
