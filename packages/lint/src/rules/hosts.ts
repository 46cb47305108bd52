/** Hosts, everywhere in a file: prose, code, patterns. */
import { KNOWN } from '../hosts/known.ts';
import { isUnder, type Resemblance, resemblance } from '../hosts/resemblance.ts';
import { type HostPlace, hostsIn } from '../hosts/scan.ts';
import type { Page } from '../page.ts';

/** `allowed`: hosts of one's own, with their subdomains. */
export function checkHosts(page: Page, allowed: readonly string[]): void {
  const judged = new Map<string, Resemblance | undefined>();
  for (const place of hostsIn(page.text)) {
    const host = place.host.toLowerCase();
    if (allowed.some((one) => isUnder(host, one))) continue;
    if (!judged.has(host)) judged.set(host, resemblance(host));
    const found = asUserName(place) ?? proxying(place) ?? judged.get(host);
    if (found === undefined || !isMeant(place, found)) continue;
    const correction = found.meant === '' ? undefined : found.meant.replaceAll('.', place.dot);
    page.report(found.rule, place, { says: found.says, correction, fixable: true });
  }
}

/** `https://github.com@evil.example/` */
function asUserName({ host, isUserName }: HostPlace): Resemblance | undefined {
  if (!isUserName || !isKnown(host)) return undefined;
  return { rule: 'lookalike-host', meant: '', says: `${host} is a user name here: what stands after @ answers`, isBlatant: true };
}

/** `https://proxy.example/https://github.com/…` */
function proxying({ host, proxied }: HostPlace): Resemblance | undefined {
  if (proxied === undefined || !isKnown(proxied) || isKnown(host)) return undefined;
  return { rule: 'mirror-host', meant: proxied, says: `${host} passes on what ${proxied} says, or something else`, isBlatant: false };
}

function isKnown(host: string): boolean {
  return KNOWN.some((one) => isUnder(host, one));
}

/** A bare word could be anything, unless it takes pains to look like a host. */
function isMeant({ form }: HostPlace, { isBlatant }: Resemblance): boolean {
  return form !== 'word' || isBlatant;
}
