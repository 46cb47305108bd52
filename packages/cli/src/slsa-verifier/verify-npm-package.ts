/** `slsa-verifier verify-npm-package TARBALL`: a package with the attestations that its registry keeps. */
import { MAX_BUNDLE_BYTES, quote, TrustError, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import { parseNpmAttestations, parseNpmKeys, verifyNpm } from '@assay/slsa';
import { artifactSource } from '../artifact-source.ts';
import type { Command, Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import { bool, text } from '../cobra/flag.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { requireFlags } from '../cobra/required.ts';
import { named } from '../named.ts';
import { withHttp } from '../with-http.ts';
import { isExperimental, isTesting } from './environment.ts';
import { BUILD_FLAGS, inputsOf, TRUST_FLAGS } from './flags.ts';
import { openSession, passed, type Session, told } from './session.ts';
import { requireGithub } from './verify-artifact.ts';

export const command: Command = {
  usage: 'verify-npm-package [flags] tarball',
  examples: `  # SLSA_VERIFIER_EXPERIMENTAL=1 is needed
  npm pack PACKAGE@1.2.3
  curl -o attestations.json "$(npm config get registry)-/npm/v1/attestations/PACKAGE@1.2.3"
  slsa-verifier verify-npm-package package-1.2.3.tgz --attestations-path attestations.json \\
    --package-name PACKAGE --package-version 1.2.3 \\
    --builder-id https://github.com/actions/runner/github-hosted --source-uri github.com/OWNER/REPOSITORY`,
  flags: [
    text('attestations-path', "the registry's attestations of the package"),
    text('package-name', 'the name it must have'),
    text('package-version', 'the version it must have'),
    ...BUILD_FLAGS,
    bool('print-provenance', 'not supported'),
    ...TRUST_FLAGS,
    text('npm-keys', "keys.json of the registry (default: npm's, as Sigstore's TUF repository has them)"),
  ],
  arity: (count) => (count === 1 ? undefined : 'expects a single path to an image'),
  run,
};

const REFUSED = ['source-branch', 'source-tag', 'source-versioned-tag', 'print-provenance'];

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  requireFlags(flags, 'source-uri', 'builder-id', 'package-name', 'package-version');
  const { io } = context;
  const refused = REFUSED.find((name) => flags.given(name));
  if (refused !== undefined) throw new CommandError(`--${refused} not supported`);
  const inputs = inputsOf(flags);
  if (!isExperimental(io)) {
    const message = 'feature support is only provided in SLSA_VERIFIER_EXPERIMENTAL mode';
    io.stderr(`Verifying npm package: FAILED: ${message}\n\n`);
    throw new CommandError(message);
  }
  // slsa-verifier says so too, and then reports success: nothing was verified.
  if (!flags.given('attestations-path')) {
    io.stderr('--attestations-path is required.\n');
    throw new CommandError('--attestations-path is required.');
  }
  await verify(inputs, openSession(flags, context));
}

async function verify(inputs: ReadonlyMap<string, string>, session: Session): Promise<void> {
  const { flags, io } = session;
  const [path = ''] = flags.positionals;
  const what = `Verifying npm package ${quote(path)}`;
  const { builderId = '', commit = '' } = await told(what, session, async () => {
    const digest = await sha512Of(path, session);
    requireGithub(flags);
    const file = flags.text('attestations-path');
    const content = readFileCapped(file, MAX_BUNDLE_BYTES);
    const attestations = parseNpmAttestations(content);
    const trust = { ...(await session.trust()), keys: await registryKeys(session) };
    const demands = {
      source: flags.text('source-uri'),
      builderId: flags.text('builder-id'),
      packageName: flags.text('package-name'),
      packageVersion: flags.text('package-version'),
      inputs,
      digest,
      testing: isTesting(io),
    };
    return verifyNpm(attestations, demands, trust);
  });
  io.stderr(`Verified build using builder ${quote(builderId)} at commit ${quote(commit)}\n${what}: PASSED\n\n`);
  passed(session);
}

async function sha512Of(path: string, { io }: Session): Promise<string> {
  const artifact = await artifactSource(path, io).open(['sha512'], nodeCrypto);
  const digest = await artifact.digest('sha512', nodeCrypto);
  if (digest === undefined) throw new TrustError('USAGE', `${path}: packages are named by their sha512 digest`, { hint: 'pass the tarball, or sha512:HEX' });
  return toHex(digest);
}

async function registryKeys(session: Session) {
  const { flags, io, offline } = session;
  const file = flags.text('npm-keys');
  if (file !== '') return named(file, () => parseNpmKeys(readFileCapped(file, MAX_KEYS_BYTES)));
  const { fetchTarget, registryKeysTarget, trustSettings } = await import('@assay/trust');
  const settings = trustSettings(io.env);
  const warn = (warning: string) => io.stderr(`WARNING: ${warning}\n`);
  const options = { ...settings, offline: offline || settings.offline, now: io.now, warn };
  const { bytes } = await withHttp(io, async (http) => fetchTarget(await registryKeysTarget(), { ...options, http }), offline);
  return parseNpmKeys(bytes);
}

const MAX_KEYS_BYTES = 1024 * 1024;
