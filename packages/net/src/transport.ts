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

import type { LookupAddress } from 'node:dns';
import * as http from 'node:http';
import type * as https from 'node:https';
import type { LookupFunction } from 'node:net';
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

/** @throws TrustError NET_CLIENT_CERTIFICATE; `agent` NET_URL when a proxy variable is not a URL */
export function createTransport(options: TransportOptions): Transport {
  const isPrivate = options.isPrivateAddress ?? isPrivateAddress;
  const lookup = options.lookup ?? ((hostname, ...rest) => process.getBuiltinModule('node:dns').lookup(hostname, ...rest));
  const privateNames = new Set<string>();
  const note = (hostname: string, found: boolean): void => void (found ? privateNames.add(hostname) : privateNames.delete(hostname));
  const lookups = { named: checkedLookup(lookup, isPrivate, note), public: checkedLookup(lookup, isPrivate, refuseIfPrivate) };
  const agents = new Map<string, http.Agent>();
  return {
    identity: identityOf(options.tls),
    agent(url, reach) {
      const key = `${schemeOf(url)} ${reach}`;
      const agent = agents.get(key) ?? createAgent(schemeOf(url), options, lookups[reach]);
      agents.set(key, agent);
      return agent;
    },
    request: (url, requestOptions) => moduleFor(schemeOf(url)).request(url, requestOptions),
    isPrivate: (url) => isPrivateHost(url.hostname, isPrivate) || privateNames.has(url.hostname),
    refusePrivate(url) {
      if (isPrivateHost(url.hostname, isPrivate)) throw privateRedirect(redactUrl(url));
    },
    close() {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

type Scheme = 'http' | 'https';

function schemeOf(url: URL): Scheme {
  return url.protocol === 'https:' ? 'https' : 'http';
}

/** TLS is loaded for those who use it: a registry on this machine is often spoken to without. */
function moduleFor(scheme: Scheme): typeof http | typeof https {
  return scheme === 'https' ? process.getBuiltinModule('node:https') : http;
}

function createAgent(scheme: Scheme, { env, tls }: TransportOptions, lookup: LookupFunction): http.Agent {
  // `lookup` is handed on to net.connect, but not for the connection to a proxy: that one the user named.
  const common = { keepAlive: true, proxyEnv: { ...env } as NodeJS.ProcessEnv, lookup };
  try {
    return new (moduleFor(scheme).Agent)({ ...common, ...(scheme === 'https' && agentOptions(tls)) });
  } catch (error) {
    // Without the cause: Node quotes the proxy URL, which may hold a password.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw new TrustError('NET_URL', 'the proxy variables of the environment (HTTP_PROXY, HTTPS_PROXY, NO_PROXY) do not hold URLs');
  }
}

function agentOptions({ ca, verification }: TlsOptions): https.AgentOptions {
  // Said either way: left out, NODE_TLS_REJECT_UNAUTHORIZED of this process would decide.
  const rejectUnauthorized = verification === 'required';
  return ca === undefined ? { rejectUnauthorized } : { rejectUnauthorized, ca: withDefaultCa(ca) };
}

function withDefaultCa(ca: string): string[] {
  return [...process.getBuiltinModule('node:tls').getCACertificates('default'), ca];
}

function identityOf({ clientCertificate, clientKey, serverName }: TlsOptions): Identity {
  const name = serverName === undefined ? {} : { servername: serverName };
  if (clientCertificate === undefined && clientKey === undefined) return name;
  if (clientCertificate === undefined || clientKey === undefined) {
    throw unusableClientCertificate(`the ${clientKey === undefined ? 'key' : 'certificate'} is missing`);
  }
  try {
    // Only to learn now, and once, whether they are usable.
    process.getBuiltinModule('node:tls').createSecureContext({ cert: clientCertificate, key: clientKey });
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
      const addresses = found as LookupAddress[];
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
