/** Whether a host passes for a known one that it is not. */
import type { RuleId } from '../rules.ts';
import { appearance, atAGlance } from './confusable.ts';
import { GENUINE, KNOWN, MIRRORS, NAMES, RESERVED, SELF_HOSTED, SHARED, TWO_LABELS } from './known.ts';

export interface Resemblance {
  readonly rule: Extract<RuleId, 'lookalike-host' | 'foreign-host' | 'mirror-host'>;
  /** The host that was probably meant. */
  readonly meant: string;
  readonly says: string;
  /** It takes pains: no word looks like this by chance. */
  readonly isBlatant: boolean;
}

/** `host` without port and closing dot, in whatever script. */
export function resemblance(host: string): Resemblance | undefined {
  const lower = host.toLowerCase();
  if (isWithin(lower, KNOWN) || isWithin(lower, GENUINE)) return undefined;
  const mirrored = Object.keys(MIRRORS).find((mirror) => isUnder(lower, mirror));
  if (mirrored !== undefined)
    return { rule: 'mirror-host', meant: MIRRORS[mirrored] ?? '', says: `${mirrored} is a mirror of ${MIRRORS[mirrored]}`, isBlatant: false };
  return disguised(lower) ?? embedded(lower) ?? oneOff(lower) ?? (RESERVED.test(lower) ? undefined : (sameName(lower) ?? labelled(lower)));
}

/** Another script, marks, digits for letters. */
function disguised(host: string): Resemblance | undefined {
  const seen = appearance(host);
  const known = seen === host ? undefined : knownOf(seen);
  if (known !== undefined) return blatant(replaceTail(seen, known), `it looks like ${known}, in other letters`);
  const glimpsed = atAGlance(host);
  const other = glimpsed === seen ? undefined : KNOWN.find((one) => isUnder(glimpsed, atAGlance(one)));
  return other === undefined ? undefined : lookalike(replaceTail(host, other), `it passes for ${other} at a glance`);
}

/** `github.com.evil.org` */
function embedded(host: string): Resemblance | undefined {
  const known = KNOWN.find((one) => host.startsWith(`${one}.`) || host.includes(`.${one}.`));
  return known === undefined ? undefined : blatant(host.slice(0, host.indexOf(`${known}.`)) + known, `${domainOf(host)} answers, not ${known}`);
}

/** `kgithub.com`, `github.xyz`: the domain itself is named like the service. */
function sameName(host: string): Resemblance | undefined {
  if (SHARED.some((one) => isUnder(host, one))) return undefined;
  const label = domainOf(host).split('.')[0] ?? '';
  const name = Object.keys(NAMES).find((one) => label === one || (one.startsWith('git') && label.includes(one)));
  if (name === undefined || (SELF_HOSTED.has(name) && label !== name)) return undefined;
  const meant = NAMES[name] ?? '';
  return lookalike(meant, `${domainOf(host)} is not ${meant}`);
}

/** `github.aaakk.us.kg`, which is also what one's own server would be called. */
function labelled(host: string): Resemblance | undefined {
  const domain = domainOf(host);
  const labels = host.slice(0, -domain.length).split('.').filter(Boolean);
  const name = labels.find((label) => Object.hasOwn(NAMES, label) && !SELF_HOSTED.has(label));
  if (name === undefined) return undefined;
  // Files are served from the other domain.
  const meant = name === 'github' && labels[0] === 'raw' ? 'githubusercontent.com' : (NAMES[name] ?? '');
  const before = labels.slice(0, labels.indexOf(name)).map((label) => `${label}.`);
  return { rule: 'foreign-host', meant: `${before.join('')}${meant}`, says: `${domain} answers, not ${meant}`, isBlatant: false };
}

/** One letter more, less, other, or two that changed places. Short names have too many honest neighbours. */
function oneOff(host: string): Resemblance | undefined {
  const labels = host.split('.');
  const known = KNOWN.find((one) => {
    if (one.length < MIN_LENGTH) return false;
    const tail = labels.slice(-one.split('.').length).join('.');
    return Math.abs(tail.length - one.length) <= 1 && tail !== one && isOneOff(tail, one);
  });
  return known === undefined ? undefined : lookalike(replaceTail(host, known), `it is one letter away from ${known}`);
}

function isOneOff(a: string, b: string): boolean {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const [left, right] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (left.length <= 1 && right.length <= 1) return left !== right;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
}

const lookalike = (meant: string, says: string): Resemblance => ({ rule: 'lookalike-host', meant, says, isBlatant: false });
const blatant = (meant: string, says: string): Resemblance => ({ ...lookalike(meant, says), isBlatant: true });

/** As many labels at the end as `known` has, replaced by it. */
function replaceTail(host: string, known: string): string {
  return [...host.split('.').slice(0, -known.split('.').length), known].join('.');
}

function knownOf(host: string): string | undefined {
  return KNOWN.find((one) => isUnder(host, one));
}

export function isUnder(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

function isWithin(host: string, domains: readonly string[]): boolean {
  return domains.some((domain) => isUnder(host, domain));
}

/** What somebody has registered: the last labels, one more where everybody's names begin later. */
function domainOf(host: string): string {
  const labels = host.split('.');
  return labels.slice(TWO_LABELS.has(labels.slice(-2).join('.')) ? -3 : -2).join('.');
}

const MIN_LENGTH = 7;
