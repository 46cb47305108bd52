/** The files that operator and clients are given (`documents.ts`): whether they can be read, and say what TUF publishes. */
import { realpath } from 'node:fs/promises';
import { decodeUtf8, equalBytes, type Fields, parseFields, parseTrustedRoot, quote, type TrustedRoot } from '@assay/core';
import { parseClientTrustConfig, parseSigningConfig } from '@assay/trust';
import { parseFulcioConfig } from '../ca/index.ts';
import { type Endpoints, environmentScript } from '../documents.ts';
import type { Instance } from '../instance.ts';
import { type LogKind, logPlaces } from '../log-places.ts';
import { PATHS } from '../names.ts';
import { readAccounts } from '../oidc/accounts.ts';
import type { Disk } from '../store/disk.ts';
import { readLastIssued } from '../tsa/issue-clock.ts';
import type { Report } from './finding.ts';
import { isBelow } from './presence.ts';
import type { CheckedTuf } from './tuf.ts';

type ReadyEndpoints = Partial<Endpoints> & { readonly ready?: Date };

/** What `endpoints.json` says; undefined when there is none, or it cannot be read. */
export async function readEndpoints(disk: Disk, report: Report): Promise<ReadyEndpoints | undefined> {
  const bytes = await disk.read(ENDPOINTS);
  if (bytes !== undefined) return report.reading(ENDPOINTS, () => parseEndpoints(bytes), START);
  report.error(ENDPOINTS, 'the file is missing: the stack was never ready', { hint: START });
  return undefined;
}

function parseEndpoints(bytes: Uint8Array): ReadyEndpoints {
  const fields = parseFields(bytes, { what: ENDPOINTS, parse: 'STACK_DATA', shape: 'STACK_DATA' });
  const ready = fields.optionalTime('ready');
  const urls = NAMES.flatMap((name) => entryOf(fields, name));
  for (const name of Object.keys(fields.json)) if (name !== 'ready' && !NAMES.some((known) => known === name)) fields.refuse(name, 'is not known');
  return { ...(Object.fromEntries(urls) as Partial<Endpoints>), ...(ready !== undefined && { ready }) };
}

function entryOf(fields: Fields, name: (typeof NAMES)[number]): [string, string][] {
  const value = fields.optionalString(name);
  if (value === undefined) return [];
  if (name !== 'registry' && !URL.canParse(value)) return fields.refuse(name, 'expected a URL');
  return [[name, value]];
}

/** Those of our own services; of others nobody here knows what is right. */
export function checkEndpoints(instance: Instance, endpoints: Partial<Endpoints>, report: Report): void {
  const { origin } = instance;
  if (endpoints.origin !== origin) {
    const details = { expected: origin, found: endpoints.origin, hint: 'start the stack where it is to be' };
    report.error(ENDPOINTS, 'the file names another address than stack.json', details);
  }
  const places = logPlaces(instance);
  const urlsOf = (kind: LogKind): string[] => places.flatMap((place) => (place.kind === kind ? [place.url] : []));
  const known = {
    oidc: [origin + PATHS.oidc],
    fulcio: [origin],
    ctlog: urlsOf('ctlog'),
    rekor: [origin],
    rekorV2: urlsOf('rekorV2'),
    tsa: [origin + PATHS.timestamp],
    tuf: [origin + PATHS.tuf],
  };
  for (const [name, urls] of Object.entries(known)) {
    const url = endpoints[name as keyof typeof known];
    if (url === undefined || !isBelow(url, origin) || urls.includes(url)) continue;
    report.error(ENDPOINTS, `${name} is not where the file says`, { expected: urls.at(-1), found: quote(url), hint: START });
  }
}

export interface DocumentsToCheck {
  readonly disk: Disk;
  readonly report: Report;
  readonly endpoints: Partial<Endpoints> | undefined;
  /** The repository, when it publishes the same; undefined when it runs elsewhere, or the last process that was ready had none. */
  readonly tuf: CheckedTuf | undefined;
}

/** What `trusted_root.json` says: the published one, or else the one in the folder. */
export async function checkDocuments({ disk, report, endpoints, tuf }: DocumentsToCheck): Promise<TrustedRoot | undefined> {
  const published = tuf?.targets;
  const trusted = await parsed(disk, report, 'trusted_root.json', parseTrustedRoot);
  await sameAs(disk, report, 'trusted_root.json', published?.get('trusted_root.json'));
  await parsed(disk, report, 'signing_config.json', (bytes) => parseSigningConfig(textOf(bytes)));
  await sameAs(disk, report, 'signing_config.json', published?.get('signing_config.v0.2.json'));
  await checkClientConfig(disk, report, published);
  if (tuf !== undefined) await checkRoot(disk, report, tuf);
  if (endpoints !== undefined) await checkEnvironment(disk, report, endpoints);
  const root = published?.get('trusted_root.json');
  return root === undefined ? trusted : parseTrustedRoot(root);
}

/** What operator and services keep beside: configuration, accounts, times. */
export async function checkSettings(disk: Disk, report: Report): Promise<void> {
  const config = await disk.read(FULCIO_CONFIG);
  if (config !== undefined) await report.reading(FULCIO_CONFIG, () => parseFulcioConfig(config, FULCIO_CONFIG), 'mend it at the place in the message');
  await report.reading('oidc/accounts.json', () => readAccounts(disk.at('oidc')));
  await report.reading('tsa/last-issued', () => readLastIssued(disk.at('tsa')), 'stop the stack, and remove the file if the clock is right');
}

async function parsed<T>(disk: Disk, report: Report, file: string, parse: (bytes: Uint8Array) => T): Promise<T | undefined> {
  const bytes = await disk.read(file);
  if (bytes !== undefined) return report.reading(file, () => parse(bytes), START);
  report.error(file, 'the file is missing', { hint: START });
  return undefined;
}

async function sameAs(disk: Disk, report: Report, file: string, published: Uint8Array | undefined): Promise<void> {
  const bytes = await disk.read(file);
  if (bytes === undefined || published === undefined || equalBytes(bytes, published)) return;
  report.error(file, 'the file is not the one that TUF publishes', { hint: START });
}

/** Both documents in one: those that are published, or else those beside it. */
async function checkClientConfig(disk: Disk, report: Report, published: CheckedTuf['targets'] | undefined): Promise<void> {
  const file = 'client_trust_config.json';
  const text = await parsed(disk, report, file, (bytes) => {
    parseClientTrustConfig(textOf(bytes));
    return textOf(bytes);
  });
  if (text === undefined) return;
  const both = jsonOf(text) as { trustedRoot?: unknown; signingConfig?: unknown };
  const parts = [
    [both.trustedRoot, 'trusted_root.json', 'trusted_root.json'],
    [both.signingConfig, 'signing_config.json', 'signing_config.v0.2.json'],
  ] as const;
  for (const [part, other, target] of parts) {
    const beside = jsonOf(textOf(published?.get(target) ?? (await disk.read(other)) ?? NOTHING));
    if (beside !== undefined && JSON.stringify(part) !== JSON.stringify(beside))
      report.error(file, `the file does not say the same as ${other}`, { hint: START });
  }
}

async function checkRoot(disk: Disk, report: Report, { roots, isWhole }: CheckedTuf): Promise<void> {
  const file = 'root.json';
  const bytes = await disk.read(file);
  if (bytes === undefined) return report.error(file, 'the file is missing', { hint: START });
  const version = [...roots].find(([, root]) => equalBytes(root.bytes, bytes))?.[0];
  // It may be the one that cannot be read.
  if (version === undefined && !isWhole) return;
  if (version === undefined) report.error(file, 'the file is none of the roots that TUF publishes', { hint: START });
  else if (version < Math.max(...roots.keys())) report.warn(file, `the file is root ${version}, and there is a newer one`, { hint: START });
}

/** Whatever folder it names, it is written by the same lines. */
async function checkEnvironment(disk: Disk, report: Report, endpoints: Partial<Endpoints>): Promise<void> {
  const file = 'env.sh';
  const bytes = await disk.read(file);
  if (bytes === undefined) return report.error(file, 'the file is missing', { hint: START });
  const text = textOf(bytes);
  const [, quoted] = /^export ASSAY_TRUST='(.*)\/client_trust_config\.json'$/m.exec(text) ?? [];
  const folder = quoted?.replaceAll("'\\''", "'");
  if (folder === undefined || text !== environmentScript(folder, { origin: '', ...endpoints })) {
    report.error(file, 'the file is not as the stack writes it', { hint: START });
  } else if ((await realpath(folder).catch(() => folder)) !== (await realpath(disk.root))) {
    report.warn(file, 'the file leads to another folder', { found: quote(folder), hint: START });
  }
}

function textOf(bytes: Uint8Array): string {
  return decodeUtf8(bytes) ?? '';
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ENDPOINTS = 'endpoints.json';
const FULCIO_CONFIG = 'fulcio-config.yaml';
const NAMES = ['origin', 'oidc', 'fulcio', 'ctlog', 'rekor', 'rekorV2', 'tsa', 'tuf', 'registry'] as const;
const NOTHING = new Uint8Array(0);
const START = 'start the stack: it writes the file again';
