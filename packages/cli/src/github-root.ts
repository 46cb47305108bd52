/**
 * GitHub's own Sigstore instance, which signs for private repositories. Nothing that we depend on ships its root: it is pinned once (`assay trust add
 * github`), or named by `ASSAY_GITHUB_TUF_ROOT`, and then kept fresh over TUF.
 */
import { parseTrustedRoot, TrustError, type TrustedRoot } from '@assay/core';
import type { HttpClient } from '@assay/net';
import { readFileCapped } from '@assay/net/file';
import type { Io } from './io.ts';
import { pinnedRoot } from './pinned-roots.ts';

export interface GithubMirror {
  readonly url: string;
  /** Bytes of the `root.json` to start from. */
  readonly root: Uint8Array;
}

/** Errors: `TRUST_ROOT_MISSING` with what to do; `TUF_ROOT`, `FILE_…`. */
export function githubMirror({ env }: Pick<Io, 'env'>): GithubMirror {
  const file = env['ASSAY_GITHUB_TUF_ROOT'];
  if (file) return { url: GITHUB_MIRROR, root: readFileCapped(file, MAX_ROOT_BYTES) };
  const pinned = pinnedRoot('github', env);
  if (pinned !== undefined) return { url: pinned.mirror, root: pinned.root };
  throw new TrustError('TRUST_ROOT_MISSING', "the root of GitHub's own Sigstore instance is not known here", { hint: HOW_TO_ADD });
}

export interface GithubTargetOptions {
  /** Nothing is asked for, whatever the environment says. */
  readonly offline?: boolean;
  /** Default `cached`: what was fetched a while ago is taken. */
  readonly how?: 'cached' | 'fresh';
}

/** @param domain '' but for tenants, which have roots of their own. Errors: those of `githubMirror` and `fetchTarget`, `TRUST_ROOT_…`. */
export async function githubRoot(domain: string, http: HttpClient, io: Io, options: GithubTargetOptions = {}): Promise<TrustedRoot> {
  return parseTrustedRoot(await githubTarget(targetName(domain), githubMirror(io), http, io, options));
}

export function targetName(domain: string): string {
  return domain === '' ? 'trusted_root.json' : `${domain}.trusted_root.json`;
}

/** A target of that repository, by its name. Errors: those of `fetchTarget`. */
export async function githubTarget(
  name: string,
  { url, root }: GithubMirror,
  http: HttpClient,
  io: Io,
  { offline = false, how = 'cached' }: GithubTargetOptions = {},
): Promise<Uint8Array> {
  const { fetchTarget, trustSettings } = await import('@assay/trust');
  const settings = trustSettings(io.env);
  const freshness = how === 'fresh' ? { maxAgeMs: 0, requireFresh: true } : {};
  const from = { cacheDir: settings.cacheDir, tufMirror: url, initialRoot: root, offline: offline || settings.offline };
  const { bytes } = await fetchTarget(name, { http, now: io.now, ...from, ...freshness });
  return bytes;
}

export const GITHUB_MIRROR = 'https://tuf-repo.github.com';
const HOW_TO_ADD =
  'pin it with: assay trust add github --root FILE, where FILE is the root.json of https://tuf-repo.github.com (GitHub CLI ships it, in' +
  ' pkg/cmd/attestation/verification/embed/tuf-repo.github.com); or pass --custom-trusted-root FILE';
const MAX_ROOT_BYTES = 512_000;
