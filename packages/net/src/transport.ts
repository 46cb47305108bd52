/**
 * The sockets of a client: agents of node:http and node:https with proxy, certificates, and the private-address rule.
 * Loaded only when a request is really made, since these modules cost start-up time.
 *
 * Two sets of agents. `named` connects wherever the user's own URL points, and where a private host redirects. `public`
 * serves redirects that come from a public host, and connects to public addresses only; the check sits in its name
 * lookup, so the address that was checked is the address that is connected to (a name that answers differently the
 * second time gains nothing). Behind a proxy the proxy resolves names; there the rule covers addresses and localhost
 * written in the URL.
 */

import * as dns from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import { TrustError } from '@assay/core';
import type { Environment } from './environment.ts';
import { isPrivateAddress, isPrivateHost } from './private-address.ts';
import { redactUrl } from './redact.ts';

export interface TransportOptions {
  env: Environment;
  tls: TlsOptions;
  /** Seams for tests. */
  lookup?: LookupFunction | undefined;
  isPrivateAddress?: ((address: string) => boolean) | undefined;
}

export interface TlsOptions {
  /** PEM certificates trusted in addition to Node's own and NODE_EXTRA_CA_CERTS. */
  readonly ca: string | undefined;
  readonly clientCertificate: string | undefined;
  readonly clientKey: string | undefined;
  readonly serverName: string | undefined;
  readonly verification: 'required' | 'skipped';
}

export type Reach = 'named' | 'public';

/** What a request to the caller's own host brings along, besides its headers. */
export interface Identity {
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

export interface Transport {
  readonly identity: Identity;
  agent(url: URL, reach: Reach): http.Agent;
  request(url: URL, options: https.RequestOptions): http.ClientRequest;
  /** True for a host on a private network. For names: known once a `named` connection was made. */
  isPrivate(url: URL): boolean;
  /** @throws TrustError NET_REDIRECT for an address that only the user's own URL may name */
  refusePrivate(url: URL): void;
  close(): void;
}

/** @throws TrustError NET_URL when a proxy variable is not a URL, NET_CLIENT_CERTIFICATE */
export function createTransport(options: TransportOptions): Transport {
  const isPrivate = options.isPrivateAddress ?? isPrivateAddress;
  const lookup = options.lookup ?? (dns.lookup as LookupFunction);
  const privateNames = new Set<string>();
  const note = (hostname: string, found: boolean): void => void (found ? privateNames.add(hostname) : privateNames.delete(hostname));
  const named = createAgents(options, checkedLookup(lookup, isPrivate, note));
  const publicOnly = createAgents(options, checkedLookup(lookup, isPrivate, refuseIfPrivate));
  return {
    identity: identityOf(options.tls),
    agent: (url, reach) => (reach === 'named' ? named : publicOnly)[schemeOf(url)],
    request: (url, requestOptions) => (schemeOf(url) === 'https' ? https : http).request(url, requestOptions),
    isPrivate: (url) => isPrivateHost(url.hostname, isPrivate) || privateNames.has(url.hostname),
    refusePrivate(url) {
      if (isPrivateHost(url.hostname, isPrivate)) throw privateRedirect(redactUrl(url));
    },
    close() {
      for (const agents of [named, publicOnly]) for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

interface Agents {
  http: http.Agent;
  https: https.Agent;
}

function createAgents({ env, tls }: TransportOptions, lookup: LookupFunction): Agents {
  // `lookup` is handed on to net.connect, but not for the connection to a proxy: that one the user named.
  const common = { keepAlive: true, proxyEnv: { ...env } as NodeJS.ProcessEnv, lookup };
  try {
    // Said either way: left out, NODE_TLS_REJECT_UNAUTHORIZED of this process would decide.
    const rejectUnauthorized = tls.verification === 'required';
    return {
      http: new http.Agent(common),
      https: new https.Agent({ ...common, rejectUnauthorized, ...(tls.ca !== undefined && { ca: withDefaultCa(tls.ca) }) }),
    };
  } catch (error) {
    // Without the cause: Node quotes the proxy URL, which may hold a password.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new TrustError('NET_URL', 'the proxy variables of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) do not hold URLs');
  }
}

function withDefaultCa(ca: string): string[] {
  return [...getCACertificates('default'), ca];
}

function identityOf({ clientCertificate, clientKey, serverName }: TlsOptions): Identity {
  const name = serverName === undefined ? {} : { servername: serverName };
  if (clientCertificate === undefined && clientKey === undefined) return name;
  if (clientCertificate === undefined || clientKey === undefined) {
    throw unusableClientCertificate(`the ${clientKey === undefined ? 'key' : 'certificate'} is missing`);
  }
  try {
    // Only to learn now, and once, whether they are usable.
    createSecureContext({ cert: clientCertificate, key: clientKey });
  } catch (error) {
    throw unusableClientCertificate(`certificate or key is refused (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  return { ...name, cert: clientCertificate, key: clientKey };
}

function unusableClientCertificate(reason: string): TrustError {
  return new TrustError('NET_CLIENT_CERTIFICATE', `TLS client certificate: ${reason}`);
}

type AddressCheck = (hostname: string, anyPrivate: boolean) => void;

function checkedLookup(lookup: LookupFunction, isPrivate: (address: string) => boolean, check: AddressCheck): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const addresses = found as dns.LookupAddress[];
      try {
        check(
          hostname,
          addresses.some(({ address }) => isPrivate(address)),
        );
      } catch (refusal) {
        return callback(refusal as Error, []);
      }
      if (options.all === true) return callback(null, addresses);
      const [first] = addresses;
      return callback(null, first?.address ?? '', first?.family);
    });
  };
}

/** One private address among public ones is enough: which of them is used would be chance. */
function refuseIfPrivate(hostname: string, anyPrivate: boolean): void {
  if (anyPrivate) throw privateRedirect(hostname);
}

function privateRedirect(place: string): TrustError {
  return new TrustError('NET_REDIRECT', `a redirect leads from a public host to a private address: ${place}`);
}

function schemeOf(url: URL): 'http' | 'https' {
  return url.protocol === 'https:' ? 'https' : 'http';
}
