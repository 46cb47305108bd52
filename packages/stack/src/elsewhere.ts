/**
 * Services of the instance that run elsewhere: a corporate certificate authority, the registry that is there already, a real Rekor.
 *
 * Clients are led to their URLs. Whoever is trusted for what they sign is never learnt from the services themselves: the operator brings a
 * trusted root with their keys, and what it says of those services goes into ours as it is.
 */
import { parseTrustedRoot, TrustError } from '@assay/core';
import type { Endpoints } from './documents.ts';
import { SERVICE_NAMES, type ServiceName } from './names.ts';
import type { PublishedElsewhere } from './published.ts';

export interface Elsewhere {
  /** Base URLs; of timestamp authorities the full endpoint, of registries `http(s)://HOST`. */
  readonly urls: Readonly<Partial<Record<ServiceName, string>>>;
  /** `trusted_root.json` with the keys of those that sign. */
  readonly trustedRoot?: Uint8Array | undefined;
}

/** Errors: `USAGE` when keys are missing, those of `parseTrustedRoot`. */
export function publishedElsewhere({ urls, trustedRoot }: Elsewhere, start: Date): PublishedElsewhere {
  const names = SERVICE_NAMES.filter((name) => urls[name] !== undefined);
  const given = trustedRoot === undefined ? EMPTY : readRoot(trustedRoot);
  for (const name of names) requireKeys(name, urls[name] ?? '', given);
  const isElsewhere = (...services: ServiceName[]): boolean => services.some((name) => names.includes(name));
  return {
    services: Object.fromEntries(names.map((name) => [name, { url: urls[name], start }])),
    trust: {
      tlogs: isElsewhere('rekor', 'rekor-v2') ? given.tlogs : [],
      // The authority elsewhere has its certificates logged where it likes.
      ctlogs: isElsewhere('ctlog', 'fulcio') ? given.ctlogs : [],
      certificateAuthorities: isElsewhere('fulcio') ? given.certificateAuthorities : [],
      timestampAuthorities: isElsewhere('tsa') ? given.timestampAuthorities : [],
    },
  };
}

export function endpointsElsewhere({ urls }: Elsewhere): Partial<Endpoints> {
  const { 'rekor-v2': rekorV2, registry, ...same } = urls;
  return { ...same, ...(rekorV2 !== undefined && { rekorV2 }), ...(registry !== undefined && { registry: new URL(registry).host }) };
}

type Root = PublishedElsewhere['trust'];

function readRoot(bytes: Uint8Array): Root {
  parseTrustedRoot(bytes);
  const root = JSON.parse(new TextDecoder().decode(bytes)) as Partial<Root>;
  return { ...EMPTY, ...root };
}

function requireKeys(name: ServiceName, url: string, given: Root): void {
  const list = KEYS[name];
  if (list === undefined || given[list].length > 0) return;
  throw new TrustError('USAGE', `${name} is elsewhere (${url}), and nothing says whom to trust there`, {
    hint: `bring a trusted root that has its ${list}, with --elsewhere-trust`,
  });
}

/** Which list of a trusted root has the keys of a service; the others sign nothing that lasts. */
const KEYS: Readonly<Partial<Record<ServiceName, keyof Root>>> = {
  fulcio: 'certificateAuthorities',
  ctlog: 'ctlogs',
  rekor: 'tlogs',
  'rekor-v2': 'tlogs',
  tsa: 'timestampAuthorities',
};

const EMPTY: Root = { tlogs: [], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
