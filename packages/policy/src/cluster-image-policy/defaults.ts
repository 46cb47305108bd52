/** What the defaulting webhook fills in (admission.md 1.2); before validation, and so before everything else. */
import type { Authority, ClusterImagePolicy } from './types.ts';

export function withDefaults(policy: ClusterImagePolicy): ClusterImagePolicy {
  const { spec } = policy;
  return { ...policy, spec: { ...spec, mode: spec.mode ?? 'enforce', authorities: spec.authorities.map(authorityDefaults) } };
}

function authorityDefaults(authority: Authority, index: number): Authority {
  const { key, keyless, static: answer } = authority;
  const named = { ...authority, name: authority.name || `authority-${index}` };
  const needsUrl = keyless !== undefined && key === undefined && answer === undefined && keyless.url === undefined && keyless['ca-cert'] === undefined;
  return needsUrl ? { ...named, keyless: { ...keyless, url: PUBLIC_FULCIO } } : named;
}

const PUBLIC_FULCIO = 'https://fulcio.sigstore.dev';
