/** The trusted root for native commands: which one was used becomes the first line of the proof tree. */
import { type Check, parseTrustedRoot, pass, type TrustedRoot } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import type { LoadedTarget } from '@assay/trust';
import type { Io } from './io.ts';
import { named } from './named.ts';
import { withHttp } from './with-http.ts';

export interface TrustedRootFlags {
  readonly trustedRoot?: string;
  readonly offline?: boolean;
  readonly requireFreshRoot?: boolean;
  /** Follow what `cosign initialize` chose. */
  readonly initialized?: boolean;
}

export interface LoadedRoot {
  readonly root: TrustedRoot;
  readonly check: Check;
}

/** Errors: `TRUST_ROOT_…`, `FILE_…`, and those of the TUF client. */
export async function loadRoot(flags: TrustedRootFlags, io: Io): Promise<LoadedRoot> {
  const { bytes, source, warnings } = await readRoot(flags, io);
  if (source.kind === 'file') {
    const root = named(source.location, () => parseTrustedRoot(bytes));
    return { root, check: trustCheck(`the file ${source.location}`, root.warnings) };
  }
  const root = parseTrustedRoot(bytes);
  return { root, check: trustCheck(sourceText(source), [...warnings, ...root.warnings]) };
}

/** The same as bytes, with where they come from. Errors: as above. */
export async function readRoot(flags: TrustedRootFlags, io: Io): Promise<LoadedTarget> {
  const file = flags.trustedRoot ?? io.env['ASSAY_TRUST'];
  if (file) return { bytes: await trustedRootIn(readFileCapped(file, MAX_ROOT_FILE), file), source: { kind: 'file', location: file }, warnings: [] };
  const { initializedSettings, loadTrustedRoot, trustSettings } = await import('@assay/trust');
  const settings = flags.initialized === true ? initializedSettings(io.env) : trustSettings(io.env);
  const offline = flags.offline === true || settings.offline;
  const wishes = { ...settings, offline, now: io.now, requireFresh: flags.requireFreshRoot === true };
  return withHttp(io, (http) => loadTrustedRoot({ ...wishes, http }), offline);
}

/** A `ClientTrustConfig` holds one beside the services to sign with. */
async function trustedRootIn(content: Uint8Array, file: string): Promise<Uint8Array> {
  if (!isTrustConfig(content)) return content;
  const { parseClientTrustConfig } = await import('@assay/trust/signing-config');
  return named(file, () => parseClientTrustConfig(content)).trustedRoot;
}

/** By the name in its media type, which no trusted root has anywhere. */
export function isTrustConfig(content: Uint8Array): boolean {
  return Buffer.from(content.buffer, content.byteOffset, content.byteLength).includes('vnd.dev.sigstore.clienttrustconfig');
}

function trustCheck(from: string, warnings: readonly string[]): Check {
  return pass('trust', `trusted root: ${from}`, warnings.length === 0 ? {} : { warning: warnings.join('; ') });
}

function sourceText(source: { kind: string; location: string; obtainedAt?: Date }): string {
  const when = source.obtainedAt === undefined ? '' : `, obtained ${source.obtainedAt.toISOString()}`;
  if (source.kind === 'embedded') return `public Sigstore, as shipped with Assay (${source.location})`;
  return `${source.location} (${source.kind === 'tuf' ? 'refreshed now' : source.kind}${when})`;
}

const MAX_ROOT_FILE = 16 * 1024 * 1024;
