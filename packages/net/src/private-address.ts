/**
 * Which hosts are not on the public Internet: loopback, private, link-local (cloud metadata services live there),
 * shared, benchmarking, multicast and reserved addresses, and the same inside IPv6.
 *
 * A redirect must not lead there from a public host (architecture.md section 7), or a registry could make a build
 * machine fetch from its own network. Sources: IANA special-purpose address registries (RFC 6890).
 */
import { BlockList, isIP } from 'node:net';

/** For an IP address as text. What is not an address counts as private: the caller wants to be sure. */
export function isPrivateAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return true;
  return privateNetworks().check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** For the host of a URL that is an address or a name that always means this machine; other names need a lookup. */
export function isPrivateHost(hostname: string, isPrivate: (address: string) => boolean): boolean {
  const host = hostname.replace(/^\[|\]$/gu, '').replace(/\.$/u, '');
  if (isIP(host) !== 0) return isPrivate(host);
  return host === 'localhost' || host.endsWith('.localhost');
}

let networks: BlockList | undefined;

function privateNetworks(): BlockList {
  networks ??= buildNetworks();
  return networks;
}

function buildNetworks(): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of IPV4) list.addSubnet(network, prefix, 'ipv4');
  for (const [network, prefix] of IPV6) list.addSubnet(network, prefix, 'ipv6');
  return list;
}

// IPv4 inside IPv6 (::ffff:10.0.0.1) is matched by BlockList itself against the IPv4 networks.
const IPV4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

const IPV6: readonly (readonly [string, number])[] = [
  ['::', 127], // unspecified and loopback
  ['64:ff9b::', 96], // NAT64: reaches any IPv4 address, private ones too
  ['64:ff9b:1::', 48],
  ['2002::', 16], // 6to4, likewise
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];
