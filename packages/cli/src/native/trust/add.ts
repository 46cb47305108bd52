import { isTrustError, parseFields, quote, TrustError } from '@assay/core';
import { loadFileOrUrl } from '@assay/net';
import { verifyRootChain } from '@assay/trust';
import { EXIT } from '../../exit.ts';
import { GITHUB_MIRROR } from '../../github-root.ts';
import type { Io } from '../../io.ts';
import { checkName, fingerprint, keepRoot, type PinnedRoot, pinnedRoot } from '../../pinned-roots.ts';
import { printable } from '../../render/printable.ts';
import { withHttp } from '../../with-http.ts';

export interface AddFlags {
  readonly root: string;
  readonly mirror?: string;
  readonly sha256?: string;
}

/** Errors: `USAGE` (name, mirror, another root, another fingerprint), `TUF_ROOT` (not a TUF root), `FILE_…`, `NET_…`. */
export async function runAdd(name: string, flags: AddFlags, io: Io): Promise<number> {
  checkName(name);
  const mirror = mirrorOf(name, flags);
  const root = await withHttp(io, (http) => loadFileOrUrl(flags.root, { http, env: io.env, maxBytes: MAX_ROOT_BYTES }));
  const version = await rootVersion(root, flags.root, io);
  const sha256 = fingerprint(root);
  const kept = pinnedAlready(name, { mirror, sha256 }, flags, io) ?? keepRoot({ name, mirror, root, from: flags.root, pinnedAt: io.now }, io.env);
  io.stdout(`${name}: root ${version} of ${printable(kept.mirror)} is pinned\n  sha256  ${sha256}\n  from    ${printable(kept.from)}\n`);
  if (flags.sha256 === undefined) io.stderr('compare the fingerprint with one that you have from elsewhere, before you rely on it\n');
  return EXIT.accepted;
}

function mirrorOf(name: string, { mirror }: AddFlags): string {
  const url = mirror ?? (name === 'github' ? GITHUB_MIRROR : undefined);
  if (url === undefined) throw new TrustError('USAGE', `the TUF repository of ${name} is not known`, { hint: 'name it with --mirror URL' });
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new TrustError('USAGE', `not a URL of a TUF repository: ${quote(url)}`);
  return url;
}

/** It may have expired: what follows it in the repository is what counts. */
async function rootVersion(root: Uint8Array, from: string, { now }: Io): Promise<number> {
  try {
    return (await verifyRootChain(root, [], { now })).version;
  } catch (error) {
    if (!isTrustError(error)) throw error;
    if (error.code !== 'TUF_EXPIRED') throw new TrustError('TUF_ROOT', `${quote(from)}: is no root of a TUF repository`, { hint: NOT_A_ROOT, cause: error });
    const signed = parseFields(root, { what: 'root.json', parse: 'TUF_ROOT', shape: 'TUF_ROOT' }).object('signed');
    return Number(signed.optionalInt64('version') ?? 0n);
  }
}

/** What is pinned under the name must be the same. Errors: `USAGE`. */
function pinnedAlready(name: string, { mirror, sha256 }: { mirror: string; sha256: string }, flags: AddFlags, io: Io): PinnedRoot | undefined {
  if (flags.sha256 !== undefined && flags.sha256.toLowerCase() !== sha256)
    throw new TrustError('USAGE', `${quote(flags.root)}: has another fingerprint`, { expected: quote(flags.sha256), found: sha256, hint: 'do not pin it' });
  const pinned = pinnedRoot(name, io.env);
  if (pinned === undefined || (pinned.sha256 === sha256 && pinned.mirror === mirror)) return pinned;
  throw new TrustError('USAGE', `another root is pinned as ${name}`, {
    expected: `${pinned.sha256} of ${quote(pinned.mirror)}`,
    found: `${sha256} of ${quote(mirror)}`,
    hint: `if the new one is right, first: assay trust remove ${name}`,
  });
}

const NOT_A_ROOT = 'pass the root.json of the TUF repository; its trusted_root.json is another file';
const MAX_ROOT_BYTES = 512_000;
