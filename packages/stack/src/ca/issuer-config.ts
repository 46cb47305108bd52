/**
 * Whose identity tokens are accepted and what becomes of them: the configuration file of Fulcio (services.md section 3), in YAML or JSON.
 *
 *   oidc-issuers:
 *     https://accounts.example.com:
 *       issuer-url: https://accounts.example.com
 *       client-id: sigstore
 *       type: email
 *   meta-issuers:
 *     https://oidc.eks.*.amazonaws.com/id/*:      # each * stands for letters, digits, - and _
 *       client-id: sigstore
 *       type: kubernetes
 *   ci-issuer-metadata:                           # what `ci-provider: NAME` means, see ci-provider.ts
 *
 * Valid is what Fulcio takes, checked when the file is read. Beyond Fulcio: unknown settings, a missing client-id, an issuer-url unlike its
 * name and a ci-provider without metadata are refused here, where Fulcio would refuse every token later.
 */
import { X509Certificate } from 'node:crypto';
import { decodeUtf8, quote, TrustError } from '@assay/core';
import { type CiProvider, readCiProvider } from './ci-provider.ts';
import { type ConfigMap, readConfig } from './config-reader.ts';
import { trustDomainOf } from './spiffe-id.ts';
import { checkSubjectDomain } from './subject-domain.ts';

export const ISSUER_KINDS = [
  'email',
  'github-workflow',
  'gitlab-pipeline',
  'ci-provider',
  'kubernetes',
  'spiffe',
  'uri',
  'username',
  'buildkite-job',
  'codefresh-workflow',
  'chainguard-identity',
] as const;
export type IssuerKind = (typeof ISSUER_KINDS)[number];

interface IssuerCommon {
  /** The `iss` of its tokens; of a wildcard issuer, the pattern with `*`. */
  readonly url: string;
  readonly match: 'exact' | 'wildcard';
  /** Expected among the audiences. */
  readonly clientId: string;
  /** The claim over which proofs of possession are made; by default `email` for e-mail issuers, `sub` for all others. */
  readonly challengeClaim?: string;
  /** PEM certificates that its TLS may chain to, besides the usual ones. */
  readonly caCert?: string;
}

/** What each kind needs; what it has no use for is not kept. */
export type IssuerConfig = IssuerCommon &
  (
    | {
        readonly kind: 'email';
        readonly skipEmailVerification: boolean;
        /** Members that lead to the issuer to be named in the certificate, e.g. that of a federated login. */
        readonly issuerClaim?: readonly string[];
      }
    | { readonly kind: 'spiffe'; readonly trustDomain: string }
    | { readonly kind: 'uri' | 'username'; readonly subjectDomain: string }
    | { readonly kind: 'ci-provider'; readonly provider: CiProvider }
    | { readonly kind: Exclude<IssuerKind, 'email' | 'spiffe' | 'uri' | 'username' | 'ci-provider'> }
  );

export type IssuerOf<Kind extends IssuerKind> = Extract<IssuerConfig, { kind: Kind }>;

/** In the order of the file; several files are joined by joining the lists. */
export interface FulcioConfig {
  readonly issuers: readonly IssuerConfig[];
}

/** @param file its name, for messages. Errors: `STACK_ISSUERS`. */
export function parseFulcioConfig(input: Uint8Array | string, file: string): FulcioConfig {
  if (input.length > MAX_CONFIG_BYTES) throw new TrustError('STACK_ISSUERS', `${file}: larger than ${MAX_CONFIG_BYTES} bytes`);
  const text = typeof input === 'string' ? input : decodeUtf8(input);
  if (text === undefined) throw new TrustError('STACK_ISSUERS', `${file}: not UTF-8`);
  const root = readConfig(text, file);
  // Where Fulcio's published file keeps its YAML anchors.
  root.ignore('define');
  const providers = new Map((root.map('ci-issuer-metadata')?.maps() ?? []).map(([name, map]) => [name, readCiProvider(name, map)]));
  const exact = (root.map('oidc-issuers')?.maps() ?? []).map(([url, map]) => readIssuer(url, map, 'exact', providers));
  const wildcard = (root.map('meta-issuers')?.maps() ?? []).map(([url, map]) => readIssuer(url, map, 'wildcard', providers));
  root.end('oidc-issuers, meta-issuers, ci-issuer-metadata');
  return { issuers: [...exact, ...wildcard] };
}

/** The issuer of tokens with this `iss`: by its very name, else the first wildcard issuer that fits from the beginning to the end. */
export function findIssuer({ issuers }: FulcioConfig, url: string): IssuerConfig | undefined {
  const exact = issuers.find((issuer) => issuer.match === 'exact' && issuer.url === url);
  return exact ?? issuers.find((issuer) => issuer.match === 'wildcard' && wildcardPattern(issuer.url).test(url));
}

/** Not anchored, `https://evil.example/?https://good.example/x` would pass for a good issuer. */
function wildcardPattern(url: string): RegExp {
  const known = patterns.get(url);
  if (known !== undefined) return known;
  const parts = url.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}/-]/g, '\\$&'));
  const pattern = new RegExp(`^${parts.join('[-_a-zA-Z0-9]+')}$`);
  patterns.set(url, pattern);
  return pattern;
}

const patterns = new Map<string, RegExp>();

export function challengeClaimOf({ kind, challengeClaim }: IssuerConfig): string {
  return challengeClaim ?? (kind === 'email' ? 'email' : 'sub');
}

function readIssuer(url: string, map: ConfigMap, match: IssuerConfig['match'], providers: ReadonlyMap<string, CiProvider>): IssuerConfig {
  const challengeClaim = map.text('challenge-claim');
  const caCert = readCertificates(map);
  const common: IssuerCommon = {
    url: readUrl(url, map, match),
    match,
    clientId: map.text('client-id') ?? map.refuse('client-id is missing', { expected: 'the audience of the tokens, such as sigstore' }),
    ...(challengeClaim !== undefined && { challengeClaim }),
    ...(caCert !== undefined && { caCert }),
  };
  const issuer = readKind(common, map, providers);
  for (const name of FIELDS) map.ignore(name);
  map.end(FIELDS.join(', '));
  return issuer;
}

function readUrl(url: string, map: ConfigMap, match: IssuerConfig['match']): string {
  const stated = map.text('issuer-url');
  if (match === 'exact' && stated !== undefined && stated !== url) {
    map.refuseField('issuer-url', 'differs from the name of the entry', { expected: quote(url), found: quote(stated) });
  }
  if (!/^https?:\/\/[^\s]+$/.test(url) || !URL.canParse(url)) map.refuse('the issuer is not a URL', { expected: 'https://…', found: quote(url) });
  if (match === 'wildcard' && !url.includes('*')) map.refuse('a meta issuer has a * in its URL; others belong to oidc-issuers');
  return url;
}

function readCertificates(map: ConfigMap): string | undefined {
  const pem = map.text('ca-cert');
  if (pem === undefined) return undefined;
  try {
    new X509Certificate(pem);
    return pem;
  } catch {
    return map.refuseField('ca-cert', 'holds no certificate', { expected: 'PEM CERTIFICATE' });
  }
}

function readKind(common: IssuerCommon, map: ConfigMap, providers: ReadonlyMap<string, CiProvider>): IssuerConfig {
  const type = map.text('type') ?? map.refuse('type is missing', { expected: ISSUER_KINDS.join(', ') });
  const kind = ISSUER_KINDS.find((known) => known === type);
  if (kind === undefined) return map.refuseField('type', 'is not known', { expected: ISSUER_KINDS.join(', '), found: quote(type, 60) });
  const issuerClaim = readClaimPath(map);
  if (issuerClaim !== undefined && kind !== 'email') map.refuseField('issuer-claim', 'is for e-mail issuers only', { found: kind });
  switch (kind) {
    case 'email':
      return { ...common, kind, skipEmailVerification: map.flag('skip-email-verification'), ...(issuerClaim !== undefined && { issuerClaim }) };
    case 'spiffe':
      return { ...common, kind, trustDomain: readTrustDomain(common, map) };
    case 'uri':
    case 'username':
      return { ...common, kind, subjectDomain: checkSubjectDomain(kind, common.url, map) };
    case 'ci-provider':
      return { ...common, kind, provider: findProvider(map, providers) };
    default:
      return { ...common, kind };
  }
}

/** `$.federated_claims.connector_id` or `$['federated_claims']['connector_id']`: the JSONPath that issuers need. */
function readClaimPath(map: ConfigMap): readonly string[] | undefined {
  const path = map.text('issuer-claim');
  if (path === undefined) return undefined;
  if (!/^\$(?:\.[\w-]+|\['[^'\\]+'\]|\["[^"\\]+"\])+$/.test(path)) {
    map.refuseField('issuer-claim', 'is not a path of member names', { expected: '$.federated_claims.connector_id', found: quote(path, 80) });
  }
  return Array.from(path.matchAll(/\.([\w-]+)|\[['"]([^'"]+)['"]\]/g), ([, plain, quoted]) => plain ?? quoted ?? '');
}

function readTrustDomain({ match }: IssuerCommon, map: ConfigMap): string {
  // Many issuers for one trust domain: each could speak for the others' workloads.
  if (match === 'wildcard') map.refuse('a spiffe issuer cannot have a * in its URL');
  const name = map.text('spiffe-trust-domain') ?? map.refuse('spiffe-trust-domain is missing');
  return trustDomainOf(name) ?? map.refuseField('spiffe-trust-domain', 'is not a trust domain', { expected: 'such as example.org', found: quote(name, 80) });
}

function findProvider(map: ConfigMap, providers: ReadonlyMap<string, CiProvider>): CiProvider {
  const name = map.text('ci-provider') ?? map.refuse('ci-provider is missing', { expected: 'a name from ci-issuer-metadata' });
  const known = [...providers.keys()].join(', ') || 'an entry in ci-issuer-metadata';
  return providers.get(name) ?? map.refuseField('ci-provider', 'has no metadata', { expected: known, found: quote(name, 60) });
}

const FIELDS = [
  'issuer-url',
  'client-id',
  'type',
  'ci-provider',
  'issuer-claim',
  'subject-domain',
  'spiffe-trust-domain',
  'challenge-claim',
  'description',
  'contact',
  'ca-cert',
  'skip-email-verification',
] as const;
const MAX_CONFIG_BYTES = 1024 * 1024;
