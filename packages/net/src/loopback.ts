/** Which hosts of URLs are this very machine, so that what is sent there in plain text passes nobody. */

/** @param hostname of a `URL`, which writes every form of an address in one way: `127.1` as 127.0.0.1, IPv6 in brackets */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || LOOPBACK_IPV4.test(hostname);
}

const LOOPBACK_IPV4 = /^127\.\d+\.\d+\.\d+$/u;
