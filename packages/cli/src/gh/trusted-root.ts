import { isTrustError, parseFields } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { toJson } from '@assay/slsa/github';
import { fetchTarget, PUBLIC_MIRROR, type TargetOptions, trustSettings } from '@assay/trust';
import { type Command, type Context, exactly } from '../cobra/command.ts';
import { CommandError, messageOf, wrapped } from '../cobra/failure.ts';
import { bool, text } from '../cobra/flag.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { githubMirror, githubTarget, targetName } from '../github-root.ts';
import { HOSTNAME, refuseApart } from './flags.ts';
import { type Session, trustDomain, withSession } from './session.ts';

export const command: Command = {
  usage: 'attestation trusted-root [--tuf-url <url> --tuf-root <file-path>] [--verify-only] [flags]',
  examples: `  # of public Sigstore and of GitHub's own instance, to verify without network
  gh attestation trusted-root > trusted_root.jsonl

  # of an instance of your own
  gh attestation trusted-root --tuf-url https://tuf.example.com --tuf-root root.json`,
  flags: [
    text('tuf-url', 'URL of a TUF repository'),
    text('tuf-root', 'its initial root.json, a file'),
    bool('verify-only', 'print no roots, and say that they could be verified'),
    HOSTNAME,
  ],
  arity: exactly(0),
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  refuseApart(flags, 'tuf-url', 'tuf-root');
  await withSession(flags, io, async (session) => {
    if (session.tenant !== undefined && !session.api.token) throw new CommandError(`not authenticated with ${session.host}`);
    const target = targetName(await trustDomain(session));
    await wrapped('Failed to verify the TUF repository', () => print(flags, session, target));
  });
}

interface Source {
  readonly url: string;
  readonly target: string;
  readonly fetch: () => Promise<Uint8Array>;
}

async function print(flags: ParsedFlags, session: Session, target: string): Promise<void> {
  const { io } = session;
  for (const { url, target: name, fetch } of sources(flags, session, target)) {
    const root = await wrapped(`failed to retrieve trusted root ${name} via TUF`, fetch);
    const { json } = parseFields(root, { what: name, parse: 'TRUST_ROOT_PARSE', shape: 'TRUST_ROOT_SHAPE' });
    io.stdout(flags.bool('verify-only') ? `Local TUF repository for ${url} updated and verified\n` : `${toJson(json)}\n`);
  }
}

/** None is taken from a cache. What is missing is said before anything is printed: half a file of roots looks like a whole one. */
function sources(flags: ParsedFlags, { io, http }: Session, target: string): Source[] {
  const { cacheDir, offline, tufMirror = PUBLIC_MIRROR, initialRoot } = trustSettings(io.env);
  const fresh = { http, now: io.now, cacheDir, offline, maxAgeMs: 0, requireFresh: true };
  const fetchFrom = async (name: string, more: Pick<TargetOptions, 'tufMirror' | 'initialRoot'>) => (await fetchTarget(name, { ...fresh, ...more })).bytes;
  if (flags.given('tuf-url')) {
    const url = flags.text('tuf-url');
    const given = readInitialRoot(flags.text('tuf-root'));
    return [{ url, target, fetch: () => fetchFrom(target, { tufMirror: url, initialRoot: given }) }];
  }
  const mirror = pinned(() => githubMirror(io));
  return [
    { url: tufMirror, target: 'trusted_root.json', fetch: () => fetchFrom('trusted_root.json', { tufMirror, ...(initialRoot && { initialRoot }) }) },
    { url: mirror.url, target, fetch: () => githubTarget(target, mirror, http, io, { how: 'fresh' }) },
  ];
}

function readInitialRoot(file: string): Uint8Array {
  try {
    return readFileCapped(file, MAX_ROOT_BYTES);
  } catch (error) {
    throw new CommandError(`failed to read root file ${file}: ${messageOf(error)}`, 1, { cause: error });
  }
}

function pinned<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    if (isTrustError(error) && error.code === 'TRUST_ROOT_MISSING') throw new CommandError(`${error.message}: ${error.hint}`, 1, { cause: error });
    throw error;
  }
}

const MAX_ROOT_BYTES = 512_000;
