/**
 * GitHub's attestation API on a socket of this machine: what it is given to keep, by subject digest, in pages; and the storage that `bundle_url` leads
 * to. It can refuse, stumble, and send readers on for ever.
 */

import { type Server, serve } from '@assay/testkit';
import { snappyCompress } from 'hysnappy';

export interface Kept {
  readonly bundle: Uint8Array;
  /** Default `user`. */
  readonly initiator?: string;
  /** Where the bundle is: in the answer, behind `bundle_url`, or nowhere. Default `inline`. */
  readonly place?: 'inline' | 'storage' | 'nowhere';
  readonly predicateType?: string;
}

export interface FakeGithub {
  readonly url: string;
  /** `GET /path?query`, in the order of arrival. */
  readonly requests: string[];
  /** The `authorization` of every request; '' where there was none. */
  readonly authorizations: string[];
  /** By `repos/o/r` or `orgs/o`, then by digest. */
  readonly kept: Map<string, readonly Kept[]>;
  /** Answers with these statuses first, one request each. */
  readonly stumbles: number[];
  /** Instead of any answer. */
  answer: ((request: Request) => Response | undefined) | undefined;
  trustDomain: string;
  close(): Promise<void>;
}

/** At most `pageSize` in an answer, whatever is asked for. */
export async function fakeGithub({ pageSize = 100 }: { pageSize?: number } = {}): Promise<FakeGithub> {
  const stored: Uint8Array[] = [];
  const github: Omit<FakeGithub, 'url' | 'close'> = {
    requests: [],
    authorizations: [],
    kept: new Map(),
    stumbles: [],
    answer: undefined,
    trustDomain: '',
  };
  const server: Server = await serve(async (request) => {
    const url = new URL(request.url);
    github.requests.push(`${request.method} ${url.pathname}${url.search}`);
    github.authorizations.push(request.headers.get('authorization') ?? '');
    const stumble = github.stumbles.shift();
    if (stumble !== undefined) return refusal(stumble, 'stumbled');
    const instead = github.answer?.(request);
    if (instead !== undefined) return instead;
    if (url.pathname === '/meta') return Response.json({ domains: { artifact_attestations: { trust_domain: github.trustDomain } } });
    if (url.pathname.startsWith('/storage/')) return new Response(snappyCompress(stored[Number(url.pathname.slice('/storage/'.length))] as Uint8Array).slice());
    return list(github, url, pageSize, (bundle) => `${url.origin}/storage/${stored.push(bundle) - 1}?sig=SECRET`);
  });
  return Object.assign(github, { url: server.url, close: () => server.close() });
}

function list({ kept }: Pick<FakeGithub, 'kept'>, url: URL, pageSize: number, store: (bundle: Uint8Array) => string): Response {
  const [, scope = '', digest = ''] = /^\/((?:repos\/[^/]+\/[^/]+)|(?:orgs\/[^/]+))\/attestations\/([^/]+)$/.exec(url.pathname) ?? [];
  const type = url.searchParams.get('predicate_type');
  const all = kept.get(`${scope} ${digest}`)?.filter(({ predicateType }) => type === null || predicateType === undefined || predicateType === type);
  if (all === undefined) return refusal(404, 'Not Found');
  const from = Number(url.searchParams.get('after') ?? 0);
  const size = Math.min(pageSize, Number(url.searchParams.get('per_page')));
  const next = new URL(url);
  next.searchParams.set('after', String(from + size));
  const attestations = all.slice(from, from + size).map(({ bundle, initiator = 'user', place = 'inline' }) => ({
    ...(place === 'inline' && { bundle: JSON.parse(new TextDecoder().decode(bundle)) as object }),
    bundle_url: place === 'storage' ? store(bundle) : '',
    repository_id: 1,
    initiator,
  }));
  return Response.json({ attestations }, { headers: from + size < all.length ? { link: `<${next.href}>; rel="next"` } : {} });
}

function refusal(status: number, message: string): Response {
  return Response.json({ message, documentation_url: 'https://docs.github.com/rest' }, { status });
}
