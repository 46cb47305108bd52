/** URLs, addresses and networks, as Kubernetes has them in CEL. Addresses with a zone, and those of IPv4 written as IPv6, are refused as there. */
import { quote } from '@assay/core';
import type { Environment } from '@marcbachmann/cel-js';
import { refuse, register, registerNamespace } from '../register.ts';

export function registerNetwork(environment: Environment): void {
  environment.registerType('kubernetes.URL', Url);
  environment.registerType('net.IP', Address);
  environment.registerType('net.CIDR', Network);
  register(environment, {
    'url(string): kubernetes.URL': (text: string) => parseUrl(text) ?? refuse(`URL parse error during conversion from string: ${quote(text)}`),
    'isURL(string): bool': (text: string) => parseUrl(text) !== undefined,
    'kubernetes.URL.getScheme(): string': ({ url, relative }: Url) => (relative ? '' : url.protocol.slice(0, -1)),
    'kubernetes.URL.getHost(): string': ({ authority }: Url) => authority,
    'kubernetes.URL.getHostname(): string': ({ authority }: Url) => authority.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1'),
    'kubernetes.URL.getPort(): string': ({ authority }: Url) => /:(\d*)$/.exec(authority)?.[1] ?? '',
    'kubernetes.URL.getEscapedPath(): string': ({ path }: Url) => path,
    'kubernetes.URL.getQuery(): map<string, list<string>>': ({ url }: Url) => {
      const query = new Map<string, string[]>();
      for (const [name, value] of url.searchParams) query.set(name, [...(query.get(name) ?? []), value]);
      return query;
    },
    'ip(string): net.IP': (text: string) => parseAddress(text) ?? refuse(`IP Address "${quote(text)}" parse error during conversion from string`),
    'isIP(string): bool': (text: string) => parseAddress(text) !== undefined,
    'string(net.IP): string': String,
    'net.IP.family(): int': (address: Address) => BigInt(address.family),
    'net.IP.isUnspecified(): bool': (address: Address) => address.value === 0n,
    'net.IP.isLoopback(): bool': (address: Address) => (address.family === 4 ? address.top(8) === 127n : address.value === 1n),
    'net.IP.isLinkLocalMulticast(): bool': (address: Address) =>
      address.family === 4 ? address.top(24) === 0xe00000n : address.top(8) === 0xffn && (address.top(16) & 0xfn) === 2n,
    'net.IP.isLinkLocalUnicast(): bool': linkLocalUnicast,
    'net.IP.isGlobalUnicast(): bool': (address: Address) => {
      const multicast = address.family === 4 ? address.top(4) === 0xen : address.top(8) === 0xffn;
      const loopback = address.family === 4 ? address.top(8) === 127n : address.value === 1n;
      return !multicast && !loopback && !linkLocalUnicast(address) && address.value !== 0n && !(address.family === 4 && address.value === 0xffffffffn);
    },
    'cidr(string): net.CIDR': (text: string) => parseNetwork(text) ?? refuse(`network address parse error during conversion from string: ${quote(text)}`),
    'isCIDR(string): bool': (text: string) => parseNetwork(text) !== undefined,
    'string(net.CIDR): string': String,
    'net.CIDR.ip(): net.IP': ({ address }: Network) => address,
    'net.CIDR.masked(): net.CIDR': (network: Network) => new Network(network.first, network.length),
    'net.CIDR.prefixLength(): int': ({ length }: Network) => BigInt(length),
    'net.CIDR.containsIP(net.IP): bool': (network: Network, address: Address) => network.holds(address),
    'net.CIDR.containsIP(string): bool': (network: Network, text: string) =>
      network.holds(parseAddress(text) ?? refuse(`IP Address "${quote(text)}" parse error during conversion from string`)),
    'net.CIDR.containsCIDR(net.CIDR): bool': (network: Network, other: Network) => other.length >= network.length && network.holds(other.first),
    'net.CIDR.containsCIDR(string): bool': (network: Network, text: string) => {
      const other = parseNetwork(text) ?? refuse(`network address parse error during conversion from string: ${quote(text)}`);
      return other.length >= network.length && network.holds(other.first);
    },
  });
  environment.registerOperator('net.IP == net.IP', (one: Address, other: Address) => String(one) === String(other));
  environment.registerOperator('net.CIDR == net.CIDR', (one: Network, other: Network) => String(one) === String(other));
  environment.registerOperator('kubernetes.URL == kubernetes.URL', (one: Url, other: Url) => one.text === other.text);
  registerNamespace(environment, 'ip', {
    'isCanonical(string): bool': (text: string) =>
      String(parseAddress(text) ?? refuse(`IP Address "${quote(text)}" parse error during conversion from string`)) === text,
  });
}

class Url {
  readonly text: string;
  readonly url: URL;
  /** A path from the root, without scheme and host. */
  readonly relative: boolean;
  readonly authority: string;
  readonly path: string;

  constructor(text: string, url: URL, relative: boolean) {
    this.text = text;
    this.url = url;
    this.relative = relative;
    // As it was written: the standard's parser drops default ports.
    this.authority = relative ? '' : (/^[^:]+:\/\/(?:[^/?#@]*@)?([^/?#]*)/.exec(text)?.[1] ?? '');
    this.path = (relative ? text : text.replace(/^[^:]+:\/\/[^/?#]*/, '')).replace(/[?#].*$/s, '');
  }
}

/** As `url.ParseRequestURI` of Go: absolute, with a host, or a path from the root. */
function parseUrl(text: string): Url | undefined {
  const relative = text.startsWith('/');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused.
  if (/[\x00-\x20\x7f]/.test(text) || (!relative && !/^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#]+/.test(text))) return undefined;
  try {
    return new Url(text, new URL(text, 'http://host.invalid'), relative);
  } catch {
    return undefined;
  }
}

class Address {
  readonly family: 4 | 6;
  readonly value: bigint;

  constructor(family: 4 | 6, value: bigint) {
    this.family = family;
    this.value = value;
  }

  get bits(): number {
    return this.family === 4 ? 32 : 128;
  }

  top(bits: number): bigint {
    return this.value >> BigInt(this.bits - bits);
  }

  toString(): string {
    if (this.family === 4) return [24n, 16n, 8n, 0n].map((shift) => (this.value >> shift) & 255n).join('.');
    const groups = Array.from({ length: 8 }, (_, i) => ((this.value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16)).join(':');
    // The longest run of zeros, the first of equals (RFC 5952).
    const runs = [...groups.matchAll(/\b0(?::0\b)+/g)].sort((a, b) => b[0].length - a[0].length);
    const [run] = runs;
    if (run === undefined) return groups;
    return `${groups.slice(0, run.index).replace(/:$/, '')}::${groups.slice(run.index + run[0].length).replace(/^:/, '')}`;
  }
}

function linkLocalUnicast(address: Address): boolean {
  return address.family === 4 ? address.top(16) === 0xa9fen : address.top(10) === 0x3fan;
}

function parseAddress(text: string): Address | undefined {
  if (IPV4.test(text))
    return new Address(
      4,
      text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n),
    );
  if (!/^[0-9a-fA-F:]{2,39}$/.test(text) || !URL.canParse(`http://[${text}]`)) return undefined;
  const [head = '', tail] = text.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const all = [...before, ...Array(8 - before.length - after.length).fill('0'), ...after];
  const value = all.reduce((sum: bigint, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
  return value >> 32n === 0xffffn ? undefined : new Address(6, value);
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

class Network {
  readonly address: Address;
  readonly length: number;

  constructor(address: Address, length: number) {
    this.address = address;
    this.length = length;
  }

  get first(): Address {
    const low = BigInt(this.address.bits - this.length);
    return new Address(this.address.family, (this.address.value >> low) << low);
  }

  holds(address: Address): boolean {
    return address.family === this.address.family && address.top(this.length) === this.address.top(this.length);
  }

  toString(): string {
    return `${this.address}/${this.length}`;
  }
}

function parseNetwork(text: string): Network | undefined {
  const [, host, length] = /^([^/]*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const address = host === undefined ? undefined : parseAddress(host);
  return address === undefined || Number(length) > address.bits ? undefined : new Network(address, Number(length));
}
