/** `cosign initialize`: which Sigstore instance is trusted from now on (cosign.md section 1, "initialize"). */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { relative, resolve } from 'node:path';
import { equalBytes, fromHex, isTrustError, toHex } from '@assay/core';
import { initialize, initializedFolder, PUBLIC_MIRROR } from '@assay/trust';
import { anyNumber, type Command, type Context } from '../cobra/command.ts';
import { CommandError, messageOf } from '../cobra/failure.ts';
import { type ParsedFlags, parseDuration } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { isOffline } from '../offline.ts';
import { bool, text } from './flags.ts';
import { Loader } from './load.ts';

export const command: Command = {
  usage: 'initialize [flags]',
  examples: `  # public Sigstore
  cosign initialize

  # an instance of your own, with its root from a file
  cosign initialize --mirror https://tuf.example --root root.json

  # the same, with the root from a URL
  cosign initialize --mirror https://tuf.example --root https://tuf.example/1.root.json --root-checksum SHA256`,
  flags: [
    text('mirror', 'URL of the TUF repository', { default: PUBLIC_MIRROR }),
    text('root', 'file or URL of the root.json that trust in the repository starts from; the root of public Sigstore is built in'),
    text('root-checksum', 'checksum of --root: hex of SHA-256, or sha512:HEX'),
    bool('staging', "public Sigstore's staging instance; needs --root"),
  ],
  arity: anyNumber,
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  const { io } = context;
  const loader = new Loader(context);
  try {
    const initialRoot = await loadInitialRoot(flags, io, loader);
    const folder = initializedFolder(io.env);
    refuseSharedFolder(folder, io);
    if (isOffline(io.env)) throw new CommandError('initializing needs the TUF mirror, and ASSAY_OFFLINE is set');
    const { signingConfig, trustedRoot } = await initialize({
      http: loader.http,
      now: io.now,
      folder,
      mirror: flags.bool('staging') ? STAGING_MIRROR : flags.text('mirror'),
      ...(initialRoot !== undefined && { initialRoot }),
      waitMs: parseDuration(flags.text('timeout')) ?? 0,
    });
    if (isTrustError(signingConfig)) io.stderr(noSigningConfig(messageOf(signingConfig)));
    for (const warning of trustedRoot.warnings) io.stderr(`WARNING: ${warning}\n`);
  } finally {
    loader.close();
  }
}

async function loadInitialRoot(flags: ParsedFlags, io: Io, loader: Loader): Promise<Uint8Array | undefined> {
  const [root, checksum] = [flags.text('root'), flags.text('root-checksum')];
  if (root === '') {
    if (flags.bool('staging')) throw new CommandError('the root of the staging instance is not built in: name it with --root');
    return undefined;
  }
  if (checksum !== '') return checked(digestDemanded(checksum), root, await loader.bytes(root));
  if (/^https?:\/\//.test(root)) io.stderr(NO_CHECKSUM);
  return loader.bytes(root);
}

interface DemandedDigest {
  readonly algorithm: 'sha256' | 'sha512';
  readonly hex: string;
}

function digestDemanded(checksum: string): DemandedDigest {
  const [first = '', second, ...others] = checksum.split(':');
  if (others.length > 0) throw new CommandError(`wrong checksum input format, must have at most 1 colon: ${checksum}`);
  if (second === undefined) return { algorithm: 'sha256', hex: first };
  if (first !== 'sha256' && first !== 'sha512') throw new CommandError(`unsupported checksum algorithm: ${first}`);
  return { algorithm: first, hex: second };
}

function checked({ algorithm, hex }: DemandedDigest, name: string, content: Uint8Array): Uint8Array {
  const digest = createHash(algorithm).update(content).digest();
  const isHex = /^(?:[0-9a-fA-F]{2})+$/.test(hex);
  if (isHex && equalBytes(digest, fromHex(hex))) return content;
  throw new CommandError(`incorrect checksum for file ${name}: expected ${hex} but got ${toHex(digest)}`);
}

/** Everything in the folder goes. Who set TUF_ROOT to a folder that holds more than TUF caches would lose it. */
function refuseSharedFolder(folder: string, { env }: Io): void {
  const shared = [env['HOME'] || homedir(), process.cwd()].some((inUse) => !relative(resolve(folder), resolve(inUse)).startsWith('..'));
  if (shared) throw new CommandError(`clearing cache directory: ${folder} holds more than TUF caches; set TUF_ROOT to a folder of its own`);
}

const noSigningConfig = (reason: string): string =>
  `WARNING: Could not fetch signing_config.json from the TUF mirror (encountered error: ${reason}). It is recommended to use a signing config file rather than provide service URLs when signing.\n`;
const NO_CHECKSUM =
  'WARNING: Fetching initial root from URL without providing its checksum is deprecated and will be disallowed in a future Cosign release. Please provide the initial root checksum via the --root-checksum argument.\n';
const STAGING_MIRROR = 'https://tuf-repo-cdn.sigstage.dev';
