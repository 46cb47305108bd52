/** Fetches what issuers outside publish, over the one HTTP client. Issuers of the stack itself are asked in this process instead. */
import { createHttpClient, type HttpClient, type HttpClientOptions, redactUrl } from '@assay/net';
import type { FetchIssuer } from './issuer-keys.ts';

/** @returns also `close`, which ends the kept connections */
export function openIssuerFetcher(options: HttpClientOptions = {}): { fetchIssuer: FetchIssuer; close(): void } {
  // One client for each set of certificates: an issuer's own authority must not vouch for others.
  const clients = new Map<string, HttpClient>();
  const clientFor = (caCert = ''): HttpClient => {
    const known = clients.get(caCert) ?? createHttpClient(caCert === '' ? options : { ...options, ca: caCert });
    clients.set(caCert, known);
    return known;
  };
  const fetchIssuer: FetchIssuer = async (url, { timeoutMs, maxBytes, caCert }) => {
    const answer = await clientFor(caCert).request(url, { timeoutMs, maxBytes, retries: 0, headers: { accept: 'application/json' } });
    if (answer.status !== 200) throw new Error(`${redactUrl(url)} answered ${answer.status}`);
    // Whoever can make the issuer redirect must not thereby become the issuer.
    if (new URL(answer.url).host !== new URL(url).host) throw new Error(`${redactUrl(url)} redirects to another host, ${redactUrl(answer.url)}`);
    return answer.body;
  };
  return {
    fetchIssuer,
    close: () => {
      for (const client of clients.values()) client.close();
    },
  };
}
