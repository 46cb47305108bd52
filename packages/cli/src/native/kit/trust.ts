/** The trusted root of a kit: where it came from when the kit was made, and how old it is when the kit is opened. */
import { basename, dirname, join } from 'node:path';
import {
  type Check,
  fail,
  isTrustError,
  MAX_TRUSTED_ROOT_BYTES,
  parseRfc3339,
  parseTrustedRoot,
  pass,
  quote,
  TrustError,
  type TrustedRoot,
  tryParseJsonObject,
} from '@assay/core';
import type { KitFile, KitTrust } from '@assay/kit';
import { readFileCapped } from '@assay/net/file';
import { digestOf } from '@assay/oci';
import type { LoadedTarget } from '@assay/trust';
import type { Io } from '../../io.ts';
import { readRoot, type TrustedRootFlags } from '../../trusted-root.ts';

export interface RootToPack {
  readonly bytes: Uint8Array;
  readonly root: TrustedRoot;
  readonly trust: KitTrust;
}

/** Errors: those of `loadRoot`. */
export async function rootToPack(flags: TrustedRootFlags, io: Io): Promise<RootToPack> {
  const loaded = await readRoot(flags, io);
  for (const warning of loaded.warnings) io.stderr(`${warning}\n`);
  return { bytes: loaded.bytes, root: parseTrustedRoot(loaded.bytes), trust: await trustOf(loaded, io) };
}

async function trustOf({ source }: LoadedTarget, io: Io): Promise<KitTrust> {
  const path = 'trust/trusted_root.json';
  // Whoever names a file says by that that it is the one to be used now.
  if (source.kind === 'file') return { path, source: 'file', location: basename(source.location), obtainedAt: io.now };
  if (source.kind === 'embedded') return { path, source: 'embedded', location: source.location };
  const { mirrorFolder, PUBLIC_MIRROR, trustSettings } = await import('@assay/trust');
  const { cacheDir, tufMirror } = trustSettings(io.env);
  const tuf = readRoles(source.kind === 'cache' ? dirname(dirname(source.location)) : mirrorFolder(cacheDir, source.location));
  // What the holders of the offline keys say; the other two roles are about the mirror, which will not be asked any more.
  const ends = ['root', 'targets'].flatMap((role) => tuf[role]?.expires.getTime() ?? []);
  return {
    path,
    source: source.kind,
    location: tufMirror ?? PUBLIC_MIRROR,
    ...(source.obtainedAt !== undefined && { obtainedAt: source.obtainedAt }),
    ...(ends.length > 0 && { refreshAfter: new Date(Math.min(...ends)) }),
    tuf,
  };
}

type Roles = NonNullable<KitTrust['tuf']>;

/** Of a cache that was verified when it was written. What is not there is not told. */
function readRoles(folder: string): Roles {
  return Object.fromEntries(
    ROLES.flatMap((role): [string, Roles[string]][] => {
      const { version, expires } = readSigned(join(folder, `${role}.json`));
      const time = typeof expires === 'string' ? parseRfc3339(expires) : undefined;
      return typeof version === 'number' && time !== undefined ? [[role, { version, expires: time }]] : [];
    }),
  );
}

function readSigned(path: string): { readonly version?: unknown; readonly expires?: unknown } {
  try {
    const { signed } = tryParseJsonObject(readFileCapped(path, MAX_ROLE_BYTES)) ?? {};
    return (signed ?? {}) as { readonly version?: unknown; readonly expires?: unknown };
  } catch (error) {
    if (isTrustError(error)) return {};
    throw error;
  }
}

const ROLES = ['root', 'targets', 'snapshot', 'timestamp'];
const MAX_ROLE_BYTES = 5_000_000;

export interface KitRoot {
  readonly root: TrustedRoot;
  readonly trust: KitTrust;
  readonly fingerprint: string;
}

/** The one that came with the kit. Errors: `TRUST_ROOT_…`; `USAGE` when there is none. */
export async function rootOfKit(kit: KitFile): Promise<KitRoot> {
  const { trust } = kit.manifest;
  if (trust === undefined) throw new TrustError('USAGE', `${quote(kit.name)}: there is no trusted root in it`, { hint: 'pass yours with --trusted-root' });
  const bytes = await kit.read(trust.path, MAX_TRUSTED_ROOT_BYTES);
  return { root: parseTrustedRoot(bytes), trust, fingerprint: digestOf(bytes) };
}

export interface AgeDemand {
  /** Days. */
  readonly maxAge: number | undefined;
  readonly now: Date;
  /** Whether the receiver knows from elsewhere that this is the kit that was meant. */
  readonly isPinned: boolean;
}

/** Which root it is and how old, in plain words: it is the word of whoever made the kit. */
export async function checkKitRoot({ root, trust, fingerprint }: KitRoot, { maxAge, now, isPinned }: AgeDemand): Promise<Check[]> {
  const says = `the trusted root came with the kit: ${fingerprint}, ${rootText(trust, now)}`;
  const notes = [
    ...(isPinned ? [] : ['whoever made the kit chose the trusted root: pin the kit with --kit-digest, or pass your own with --trusted-root']),
    ...(trust.refreshAfter !== undefined && now > trust.refreshAfter ? [`the trusted root should have been refreshed from ${day(trust.refreshAfter)} on`] : []),
  ];
  return [
    pass('kit.trust', says, { evidence: evidenceOf(trust, fingerprint), ...(notes.length > 0 && { warning: notes.join('; ') }) }),
    ...(maxAge === undefined ? [] : [checkAge(trust, maxAge, now)]),
    await compareWithPublic(root, fingerprint),
  ];
}

export function rootText(trust: KitTrust, now: Date): string {
  const { source, location, obtainedAt, refreshAfter } = trust;
  const from = source === 'file' ? `from the file ${quote(location)}` : `from ${quote(location)}`;
  const age = obtainedAt === undefined ? 'nobody says when it was current' : `current on ${day(obtainedAt)}, ${daysText(ageOf(obtainedAt, now))}`;
  return [from, age, ...(refreshAfter === undefined ? [] : [`to be refreshed from ${day(refreshAfter)} on`])].join(', ');
}

function checkAge({ obtainedAt }: KitTrust, maxAge: number, now: Date): Check {
  const expected = `${maxAge} days at most`;
  if (obtainedAt === undefined)
    return fail('kit.trust.age', 'KIT_ROOT_AGE', 'nobody says how old the trusted root of the kit is', { expected, found: 'not known' });
  const age = ageOf(obtainedAt, now);
  // A date to come is no age: the clock of one of both is wrong.
  if (age >= 0 && age <= maxAge) return pass('kit.trust.age', `the trusted root is ${daysText(age)}, ${expected}`);
  return fail('kit.trust.age', 'KIT_ROOT_AGE', 'the trusted root of the kit is not of the age that is allowed', { expected, found: daysText(age) });
}

/** Told, and decides nothing: a newer root of the same instance has other bytes. */
async function compareWithPublic(root: TrustedRoot, fingerprint: string): Promise<Check> {
  const { embeddedPublicRoot } = await import('@assay/trust');
  const bytes = await embeddedPublicRoot();
  const known = fingerprintsOf(parseTrustedRoot(bytes));
  const here = fingerprintsOf(root);
  const common = [...known].filter((one) => here.has(one)).length;
  const others = here.size - common;
  const says =
    fingerprint === digestOf(bytes)
      ? "it is public Sigstore's, as shipped with Assay"
      : common === 0
        ? `it is not public Sigstore's: none of its ${here.size} keys and certificates is`
        : `of the ${known.size} keys and certificates of public Sigstore, as shipped with Assay, it has ${common}, and ${others} others`;
  return pass('kit.trust.public', says, { optional: true });
}

function fingerprintsOf({ logs, ctLogs, certificateAuthorities, timestampAuthorities }: TrustedRoot): ReadonlySet<string> {
  const keys = [...logs, ...ctLogs].map(({ key }) => digestOf(key.spki));
  const certificates = [...certificateAuthorities, ...timestampAuthorities].flatMap((authority) => authority.certificates);
  return new Set([...keys, ...certificates.map(({ der }) => digestOf(der))]);
}

function evidenceOf({ source, location, obtainedAt, refreshAfter }: KitTrust, fingerprint: string): Record<string, string> {
  return {
    fingerprint,
    source,
    location,
    ...(obtainedAt !== undefined && { obtainedAt: obtainedAt.toISOString() }),
    ...(refreshAfter !== undefined && { refreshAfter: refreshAfter.toISOString() }),
  };
}

/** Whole days. */
export function ageOf(time: Date, now: Date): number {
  return Math.floor((now.getTime() - time.getTime()) / 86_400_000);
}

export function daysText(age: number): string {
  return age < 0 ? 'which is still to come' : `${age} ${age === 1 ? 'day' : 'days'} old`;
}

export function day(time: Date): string {
  return time.toISOString().slice(0, 10);
}
