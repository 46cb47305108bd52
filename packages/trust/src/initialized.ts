/**
 * The instance that `cosign initialize` chose (cosign.md sections 1 and 4.1): a folder of TUF caches, and in it `remote.json`, which names the mirror.
 * Made here or by cosign itself, either can use it.
 *
 *     ~/.sigstore/root/remote.json            {"mirror":"https://tuf.example"}; TUF_ROOT names another folder
 *     ~/.sigstore/root/tuf.example/…          the cache of that mirror (cache/folder.ts)
 */

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isTrustError, parseFields, parseTrustedRoot, quote, TrustError } from '@assay/core';
import { type Environment, type HttpClient, readFileCapped } from '@assay/net';
import { embeddedRepository, PUBLIC_MIRROR, TRUSTED_ROOT } from './embedded.ts';
import { fetchTarget, type LoadedTarget, type TargetOptions } from './fetch-target.ts';
import { parseMirror } from './mirror.ts';
import { type TrustSettings, trustSettings } from './settings.ts';
import { parseSigningConfig } from './signing-config.ts';

/** The target that says which services to sign with. */
export const SIGNING_CONFIG = 'signing_config.v0.2.json';

/** `TUF_ROOT`, else `~/.sigstore/root`. */
export function initializedFolder({ TUF_ROOT, HOME }: Environment): string {
  return TUF_ROOT || join(HOME || homedir(), '.sigstore', 'root');
}

/**
 * As `trustSettings`, but once `cosign initialize` was run, its folder and its mirror; `TUF_MIRROR` still comes first.
 * @throws TrustError TUF_CACHE when `remote.json` cannot be read
 */
export function initializedSettings(env: Environment): TrustSettings {
  const settings = trustSettings(env);
  const cacheDir = initializedFolder(env);
  const mirror = readRemote(join(cacheDir, REMOTE));
  return mirror === undefined ? settings : { ...settings, cacheDir, tufMirror: settings.tufMirror ?? mirror };
}

function readRemote(path: string): string | undefined {
  try {
    return parseFields(readFileCapped(path, MAX_REMOTE_BYTES), { what: quote(path), parse: 'TUF_CACHE', shape: 'TUF_CACHE' }).string('mirror');
  } catch (error) {
    if (isTrustError(error) && error.code === 'FILE_NOT_FOUND') return undefined;
    throw error;
  }
}

export interface InitializeOptions {
  readonly http: HttpClient;
  readonly now: Date;
  /** Everything in it is removed first. */
  readonly folder: string;
  readonly mirror: string;
  /** Where trust in the mirror starts. Default: public Sigstore's root, for mirrors of it. */
  readonly initialRoot?: Uint8Array;
  /** Default 3000, for each of the two targets. */
  readonly waitMs?: number;
}

export interface Initialized {
  readonly trustedRoot: LoadedTarget;
  /** Many instances publish none: then why there is none. */
  readonly signingConfig: LoadedTarget | TrustError;
}

/**
 * Makes the folder anew for one mirror, and fetches what verifying and signing need.
 *
 * @throws TrustError NET_URL before anything is removed; TUF_CACHE when the folder cannot be made; all of `fetchTarget` and `parseTrustedRoot` when
 *   there is no trusted root
 */
export async function initialize({ http, now, folder, mirror, initialRoot, waitMs }: InitializeOptions): Promise<Initialized> {
  const isPublic = parseMirror(mirror).name === PUBLIC_MIRROR;
  const root = initialRoot ?? (isPublic ? undefined : (await embeddedRepository(PUBLIC_MIRROR))?.root);
  makeAnew(folder, mirror);
  const options: TargetOptions = {
    http,
    now,
    cacheDir: folder,
    tufMirror: mirror,
    // Who initializes wants what the mirror has now, not what we shipped.
    requireFresh: true,
    ...(root !== undefined && { initialRoot: root }),
    ...(waitMs !== undefined && { waitMs }),
  };
  const signingConfig = await fetchSigningConfig(options);
  const trustedRoot = await fetchTarget(TRUSTED_ROOT, options);
  parseTrustedRoot(trustedRoot.bytes);
  return { trustedRoot, signingConfig };
}

async function fetchSigningConfig(options: TargetOptions): Promise<LoadedTarget | TrustError> {
  try {
    const target = await fetchTarget(SIGNING_CONFIG, options);
    parseSigningConfig(target.bytes);
    return target;
  } catch (error) {
    if (isTrustError(error)) return error;
    throw error;
  }
}

/** Entry by entry: the folder itself may be a mount point, which cannot be removed. */
function makeAnew(folder: string, mirror: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const entry of readdirSync(folder)) rmSync(join(folder, entry), { recursive: true, force: true });
    writeFileSync(join(folder, REMOTE), JSON.stringify({ mirror }), { mode: 0o600 });
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new TrustError('TUF_CACHE', `the TUF cache ${quote(folder)} cannot be made anew (${code})`, { cause: error });
  }
}

const REMOTE = 'remote.json';
const MAX_REMOTE_BYTES = 65_536;
