/**
 * Who may talk to the stack through a browser: nobody but its own pages.
 *
 * A page of another site can make a browser send requests to loopback; the registry and the issuer would act on them. So a request that says
 * it comes from another origin is refused, and so is one under a name that is not ours: a name of an attacker that resolves to loopback (DNS
 * rebinding) would make his page's origin equal to ours. Clients that are no browsers send neither header, or the right one.
 */
import { Refusal } from './refusal.ts';

/** Throws `Refusal` 403. */
export function guardOrigin(request: Request, hosts: ReadonlySet<string>): void {
  const host = request.headers.get('Host');
  if (host !== null && !hosts.has(host.toLowerCase())) throw new Refusal(403, 'this name is not one of the stack');
  const origin = request.headers.get('Origin');
  if (origin !== null && !isOwn(origin, hosts)) throw new Refusal(403, 'requests from other origins are refused');
  const site = request.headers.get('Sec-Fetch-Site');
  if (site === 'cross-site' && request.method !== 'GET' && request.method !== 'HEAD') throw new Refusal(403, 'requests from other sites are refused');
}

function isOwn(origin: string, hosts: ReadonlySet<string>): boolean {
  return URL.canParse(origin) && hosts.has(new URL(origin).host);
}

/** The names under which a loopback listener is rightly reached, with the port, besides that of its public URL. */
export function ownHosts(origin: string, port: number): ReadonlySet<string> {
  return new Set([new URL(origin).host, ...LOOPBACK.map((name) => `${name}:${port}`)]);
}

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

/** Content of others is served from the origin of the login page: no browser may run it, nor guess that it is a page. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = { 'X-Content-Type-Options': 'nosniff', 'Content-Security-Policy': "sandbox; default-src 'none'" };
