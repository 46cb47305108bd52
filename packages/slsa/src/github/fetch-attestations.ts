/**
 * The attestations that GitHub keeps of an artifact (slsa.md section 3.4).
 *
 *     GET repos/OWNER/REPO/attestations/sha256:HEX?per_page=30[&predicate_type=URI]     or  orgs/OWNER/attestations/…
 *     { "attestations": [ { "bundle": {…}, "bundle_url": "", "repository_id": 1, "initiator": "user" } ] }
 *
 * What comes back is evidence as any other: nothing of it is believed before it is verified.
 */
import { type Fields, TrustError, utf8 } from '@assay/core';
import { fetchBundle } from './bundle-url.ts';
import { callApi, type GithubApi } from './call-api.ts';
import { toJson } from './json-text.ts';

export interface FetchAttestationsOptions extends GithubApi {
  /** Where they lie: of one repository (`OWNER/REPO`), or of all of an owner. */
  readonly scope: { readonly repo: string; readonly owner?: never } | { readonly owner: string; readonly repo?: never };
  /** `sha256:HEX` */
  readonly digest: string;
  /** Default: any. */
  readonly predicateType?: string | undefined;
  /** Default 30. */
  readonly limit?: number;
  /** `user` leaves out what the platform itself states of releases. Default: everybody's. */
  readonly initiator?: 'user';
}

export interface Attestation {
  /** JSON of a Sigstore bundle, not yet read. */
  readonly bundle: Uint8Array;
  /** As the API has it; '' where nothing is said. */
  readonly initiator: string;
}

/**
 * In the API's order, at most `limit`.
 *
 * @throws TrustError ATTESTATION_NONE; ATTESTATION_API with `data.status` (404 also stands for none); NET_…
 * @example await fetchAttestations({ http, host: 'github.com', token, scope: { repo: 'o/r' }, digest: 'sha256:…' })
 */
export async function fetchAttestations(options: FetchAttestationsOptions): Promise<Attestation[]> {
  const { limit = DEFAULT_LIMIT, initiator } = options;
  const listed: Listed[] = [];
  let page: string | URL | undefined = firstPage(options, limit);
  for (let pages = 0; page !== undefined && listed.length < limit; pages += 1) {
    if (pages === MAX_PAGES) throw new TrustError('ATTESTATION_API', `the list of attestations has more than ${MAX_PAGES} pages, the cap`);
    const { fields, next } = await callApi(page, options);
    const found = fields.objects('attestations', MAX_LISTED).map(readListed);
    listed.push(...found.filter((one) => initiator === undefined || one.initiator !== PLATFORM));
    page = next;
  }
  if (listed.length === 0) throw new TrustError('ATTESTATION_NONE', 'no attestations found');
  return loadAll(listed.slice(0, limit), options);
}

function firstPage({ scope, digest, predicateType }: FetchAttestationsOptions, limit: number): string {
  const place = scope.repo === undefined ? ['orgs', scope.owner] : ['repos', ...scope.repo.split('/')];
  const query = predicateType ? `&predicate_type=${encodeURIComponent(predicateType)}` : '';
  return `${place.map(encodeURIComponent).join('/')}/attestations/${digest}?per_page=${Math.min(limit, PER_PAGE)}${query}`;
}

interface Listed {
  readonly bundle: Fields | undefined;
  readonly url: string;
  readonly initiator: string;
}

function readListed(item: Fields): Listed {
  return { bundle: item.optionalObject('bundle'), url: item.optionalString('bundle_url') ?? '', initiator: item.optionalString('initiator') ?? '' };
}

/** A few at a time. */
async function loadAll(listed: readonly Listed[], api: GithubApi): Promise<Attestation[]> {
  const loaded: Attestation[] = [];
  for (let at = 0; at < listed.length; at += AT_ONCE) {
    loaded.push(...(await Promise.all(listed.slice(at, at + AT_ONCE).map((one) => load(one, api)))));
  }
  return loaded;
}

async function load({ bundle, url, initiator }: Listed, api: GithubApi): Promise<Attestation> {
  if (url !== '') return { bundle: await fetchBundle(url, api), initiator };
  if (bundle !== undefined) return { bundle: utf8(toJson(bundle.json)), initiator };
  throw new TrustError('ATTESTATION_API', 'attestation has no bundle or bundle URL');
}

const DEFAULT_LIMIT = 30;
const PER_PAGE = 100;
const MAX_LISTED = 1000;
/** Ten times what the largest limit needs: a list that never ends is no list. */
const MAX_PAGES = 100;
const AT_ONCE = 6;
/** Who made what the platform states of releases. */
const PLATFORM = 'github';
