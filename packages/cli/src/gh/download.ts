import { writeFileSync } from 'node:fs';
import { isTrustError, parseFields, quote } from '@assay/core';
import { statedPredicateType, toJson } from '@assay/slsa/github';
import type { Command, Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import { text } from '../cobra/flag.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { digestArtifact } from './artifact.ts';
import { exactlyOne, LOOKUP_FLAGS, refuseChoices, refuseHostname, refuseLookup, refuseScope, SCOPE_FLAGS } from './flags.ts';
import { requireLogin } from './login.ts';
import { bare, progressOf } from './progress.ts';
import { bundleInOrder } from './proto-json.ts';
import { type Session, withSession } from './session.ts';
import { fromApi, MISSING_ARTIFACT } from './verify.ts';

export const command: Command = {
  usage: 'attestation download [<file-path> | oci://<image-uri>] [--owner | --repo] [flags]',
  examples: `  # into sha256:HEX.jsonl in this folder
  gh attestation download app.tar.gz --repo owner/app
  gh attestation download oci://ghcr.io/owner/app:1.0 --owner owner`,
  flags: [...SCOPE_FLAGS, text('predicate-type', 'only attestations about this'), ...LOOKUP_FLAGS],
  arity: exactlyOne(MISSING_ARTIFACT),
  refuse: refuseChoices,
  run,
};

async function run(flags: ParsedFlags, { io }: Context): Promise<void> {
  await requireLogin(io);
  refuseLookup(flags);
  refuseHostname(flags);
  refuseScope(flags);
  await withSession(flags, io, (session) => wrapped("Failed to download the artifact's bundle(s)", () => download(flags, session)));
}

async function download(flags: ParsedFlags, session: Session): Promise<void> {
  const { io } = session;
  const [reference = ''] = flags.positionals;
  const artifact = await wrapped('failed to digest artifact', () => digestArtifact(reference, flags, io));
  const found = await fetched(() => fromApi(artifact, flags, session));
  if (found === undefined) {
    io.stdout(`No attestations found for ${bare(reference)}\n`);
    return;
  }
  const type = flags.text('predicate-type');
  const chosen = type === '' ? found : found.filter(({ bundle }) => statedPredicateType(bundle) === type);
  if (chosen.length === 0) throw new CommandError(`no attestations found with predicate type: ${quote(type)}`);
  // A colon is no character of a file name on Windows.
  const file = `${process.platform === 'win32' ? artifact.digest.replace(':', '-') : artifact.digest}.jsonl`;
  await wrapped('failed to write attestation', () => write(file, chosen));
  const { style } = progressOf(io);
  io.stdout(`Wrote attestations to file ${file}.\nAny previous content has been overwritten\n\n`);
  io.stdout(style.good(`The trusted metadata is now available at ${file}\n`));
}

/** Undefined when there is none. */
async function fetched<T>(fetch: () => Promise<T>): Promise<T | undefined> {
  try {
    return await fetch();
  } catch (error) {
    if (error instanceof CommandError && isTrustError(error.cause) && error.cause.code === 'ATTESTATION_NONE') return undefined;
    throw error;
  }
}

function write(file: string, bundles: readonly { readonly bundle: Uint8Array }[]): void {
  const lines = bundles.map(
    ({ bundle }) => `${toJson(bundleInOrder(parseFields(bundle, { what: 'bundle', parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' }).json))}\n`,
  );
  try {
    writeFileSync(file, lines.join(''));
  } catch (error) {
    throw new CommandError(`failed to create trusted metadata file: open ${file}: ${(error as NodeJS.ErrnoException).code}`, 1, { cause: error });
  }
}
