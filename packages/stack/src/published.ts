/**
 * What clients are given, so that they find this instance and trust it (services.md section 11, verification.md sections 3 and 4):
 *
 *   trusted_root.json            keys and chains of every generation, with the time each was in use
 *   signing_config.json          where to sign: certificate authority, issuer, logs, timestamps
 *   client_trust_config.json     both in one
 */
import { Der } from '@assay/core';
import { makeTrustedRoot, type NameParts, OID, readCertificateNames, type TrustedAuthority, type TrustedLog, type TrustedRootJson } from '@assay/make';
import { CLIENT_TRUST_CONFIG_MEDIA_TYPE, SIGNING_CONFIG_MEDIA_TYPE } from '@assay/trust';
import type { ServiceName } from './names.ts';

export interface PublishedService {
  /** A base URL; for timestamp authorities the full endpoint. */
  readonly url: string;
  readonly start: Date;
  readonly end?: Date;
}

export interface PublishedAuthority extends PublishedService {
  /** DER: certificate authorities issuer first, timestamp authorities signer first; anchor last. */
  readonly chain: readonly Uint8Array[];
}

export interface PublishedLog extends PublishedService {
  readonly key: TrustedLog['key'];
  readonly logId: Uint8Array;
}

/** Every generation of every service, the oldest first. */
export interface Published {
  readonly certificateAuthorities: readonly PublishedAuthority[];
  readonly issuers: readonly PublishedService[];
  readonly ctLogs: readonly PublishedLog[];
  readonly rekorV1: readonly PublishedLog[];
  readonly rekorV2: readonly PublishedLog[];
  readonly timestampAuthorities: readonly PublishedAuthority[];
  readonly elsewhere?: PublishedElsewhere;
}

/** Services that run elsewhere, and what their operators say of their keys, as it is. */
export interface PublishedElsewhere {
  readonly services: Readonly<Partial<Record<ServiceName, PublishedService>>>;
  readonly trust: Pick<TrustedRootJson, 'tlogs' | 'ctlogs' | 'certificateAuthorities' | 'timestampAuthorities'>;
}

export function trustedRootJson(published: Published): TrustedRootJson {
  const { mediaType, ...own } = makeTrustedRoot({
    tlogs: [...published.rekorV1, ...published.rekorV2].map(trustedLog),
    ctlogs: published.ctLogs.map(trustedLog),
    certificateAuthorities: published.certificateAuthorities.map((authority) => trustedAuthority(authority, authority.url)),
    // The endpoint is for signing; the trust root names who it is.
    timestampAuthorities: published.timestampAuthorities.map((authority) => trustedAuthority(authority, new URL(authority.url).origin)),
  });
  const others = published.elsewhere?.trust;
  return {
    mediaType,
    tlogs: [...own.tlogs, ...(others?.tlogs ?? [])],
    certificateAuthorities: [...own.certificateAuthorities, ...(others?.certificateAuthorities ?? [])],
    ctlogs: [...own.ctlogs, ...(others?.ctlogs ?? [])],
    timestampAuthorities: [...own.timestampAuthorities, ...(others?.timestampAuthorities ?? [])],
  };
}

/** A log is trusted from its start for ever: entries made before its end are verified long after. */
function trustedLog({ url, key, logId, start }: PublishedLog): TrustedLog {
  return { baseUrl: url, key, logId, validFor: { start } };
}

function trustedAuthority({ chain, start, end }: PublishedAuthority, uri: string): TrustedAuthority {
  const anchor = readCertificateNames(chain.at(-1) ?? new Uint8Array(0));
  const { organization = '', commonName = '' } = readName(anchor.subject);
  return { uri, organization, commonName, chain, validFor: { start, ...(end !== undefined && { end }) } };
}

/** `Name` of RFC 5280: SEQUENCE OF SET OF SEQUENCE { type, value }. */
function readName(name: Uint8Array): NameParts {
  const attributes = Der.parse(name)
    .children()
    .flatMap((set) => set.children())
    .map((attribute) => attribute.children());
  const value = (type: string): string | undefined => attributes.find(([oid]) => oid?.oid('name') === type)?.[1]?.text('name');
  return { organization: value(OID.organization), commonName: value(OID.commonName) };
}

interface SigningServiceJson {
  readonly url: string;
  readonly majorApiVersion: number;
  readonly validFor: { readonly start: string; readonly end?: string };
  readonly operator: string;
}

export interface SigningConfigJson {
  readonly mediaType: string;
  readonly caUrls: readonly SigningServiceJson[];
  readonly oidcUrls: readonly SigningServiceJson[];
  readonly rekorTlogUrls: readonly SigningServiceJson[];
  readonly tsaUrls: readonly SigningServiceJson[];
  readonly rekorTlogConfig: { readonly selector: string };
  readonly tsaConfig: { readonly selector: string };
}

/** Newest first, as clients prefer them. Both versions of Rekor: each client takes the highest that it knows. */
export function signingConfigJson(published: Published, logs: readonly ('rekor' | 'rekor-v2')[] = ['rekor-v2', 'rekor']): SigningConfigJson {
  return {
    mediaType: SIGNING_CONFIG_MEDIA_TYPE,
    caUrls: inUse(servicesOf(published, 'fulcio'), 1),
    oidcUrls: inUse(servicesOf(published, 'oidc'), 1),
    rekorTlogUrls: logs.flatMap((name) => inUse(servicesOf(published, name), name === 'rekor' ? 1 : 2)),
    tsaUrls: inUse(servicesOf(published, 'tsa'), 1),
    rekorTlogConfig: { selector: 'ANY' },
    tsaConfig: { selector: 'ANY' },
  };
}

type Signing = 'fulcio' | 'oidc' | 'rekor' | 'rekor-v2' | 'tsa';

/** Ours, or the one elsewhere that stands for it. */
function servicesOf(published: Published, name: Signing): readonly PublishedService[] {
  const own = {
    fulcio: published.certificateAuthorities,
    oidc: published.issuers,
    rekor: published.rekorV1,
    'rekor-v2': published.rekorV2,
    tsa: published.timestampAuthorities,
  }[name];
  const other = published.elsewhere?.services[name];
  return other === undefined ? own : [other];
}

/** One entry for each URL: what a rotation changed behind a URL is of no concern to signers. */
function inUse(services: readonly PublishedService[], majorApiVersion: number): SigningServiceJson[] {
  const byUrl = new Map(services.map((service) => [service.url, service]));
  return [...byUrl.values()].toReversed().map(({ url, start, end }) => ({
    url,
    majorApiVersion,
    validFor: { start: start.toISOString(), ...(end !== undefined && { end: end.toISOString() }) },
    operator: new URL(url).hostname,
  }));
}

/** The document before v0.2, which older clients read. */
export function oldSigningConfigJson(published: Published): object {
  const urls = (name: Signing): string[] =>
    servicesOf(published, name)
      .slice(-1)
      .map(({ url }) => url);
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.1+json',
    caUrl: urls('fulcio')[0],
    oidcUrl: urls('oidc')[0],
    tlogUrls: urls('rekor'),
    tsaUrls: urls('tsa'),
  };
}

export function clientTrustConfigJson(published: Published): object {
  return { mediaType: CLIENT_TRUST_CONFIG_MEDIA_TYPE, trustedRoot: trustedRootJson(published), signingConfig: signingConfigJson(published) };
}
