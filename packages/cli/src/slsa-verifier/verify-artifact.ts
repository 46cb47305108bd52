/** `slsa-verifier verify-artifact FILE…`: files with one provenance between them (slsa.md section 1.3). */
import { quote, toHex } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { builderKind, refuse } from '@assay/slsa';
import { artifactSource } from '../artifact-source.ts';
import type { Command, Context } from '../cobra/command.ts';
import { refuseTogether } from '../cobra/exclusive.ts';
import { CommandError } from '../cobra/failure.ts';
import { text } from '../cobra/flag.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { requireFlags } from '../cobra/required.ts';
import type { Io } from '../io.ts';
import { isTesting } from './environment.ts';
import { BUILD_FLAGS, given, inputsOf, LOG_FLAGS, PRINT_PROVENANCE, TRUST_FLAGS } from './flags.ts';
import { keepProvenance, refuseExisting } from './keep-provenance.ts';
import { type JudgeArtifact, provenanceFile } from './provenance-file.ts';
import { openSession, passed, printStatement, Refused, type Session, tellBuild, told } from './session.ts';

export const command: Command = {
  usage: 'verify-artifact [flags] artifact [artifact..]',
  examples: `  # everything of a release that was built from this tag
  slsa-verifier verify-artifact app.tar.gz app.sbom.json --provenance-path multiple.intoto.jsonl \\
    --source-uri github.com/OWNER/REPOSITORY --source-tag v1.2.3

  # provenance of generators before 2.1.0, once with network, then without
  slsa-verifier verify-artifact app --provenance-path app.intoto.jsonl --source-uri github.com/OWNER/REPOSITORY --save-bundle app.kept.json
  slsa-verifier verify-artifact app --provenance-path app.kept.json --source-uri github.com/OWNER/REPOSITORY --offline`,
  flags: [
    text('provenance-path', 'the file with the provenance'),
    text('provenance-repository', 'accepted, and not used for files'),
    ...BUILD_FLAGS,
    PRINT_PROVENANCE,
    ...TRUST_FLAGS,
    ...LOG_FLAGS,
  ],
  arity: (count) => (count > 0 ? undefined : 'expects at least one artifact'),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  requireFlags(flags, 'provenance-path', 'source-uri');
  refuseTogether(flags, 'source-versioned-tag', 'source-tag');
  const inputs = inputsOf(flags);
  const session = openSession(flags, context);
  const keep = flags.text('save-bundle');
  refuseExisting(keep);
  const judge = provenanceFile(flags.text('provenance-path'), session);
  let builder: string | undefined;
  let logged: string | undefined;
  for (const path of flags.positionals) {
    const verified = await verifyFile(path, { judge, inputs, before: builder }, session);
    builder = verified.builder;
    logged ??= verified.logged;
    session.io.stderr(`Verifying artifact ${quote(path)}: PASSED\n\n`);
  }
  keepProvenance(keep, logged, session.io);
  passed(session);
}

interface Expected {
  readonly judge: JudgeArtifact;
  readonly inputs: ReadonlyMap<string, string>;
  /** The builder of the files before. */
  readonly before: string | undefined;
}

async function verifyFile(
  path: string,
  { judge, inputs, before }: Expected,
  session: Session,
): Promise<{ readonly builder: string; readonly logged: string | undefined }> {
  const { flags, io } = session;
  const what = `Verifying artifact ${quote(path)}`;
  const { judgement, payload, logged } = await told(what, session, async () => {
    const digest = await sha256Of(path, io);
    requireGithub(flags);
    const judged = await judge({ subject: 'artifact', digest, inputs, ...sourceDemands(flags, io) });
    if (judged.verification.ok) tellBuild(judged.judgement, io);
    return judged;
  });
  const builder = judgement?.builderId ?? '';
  printStatement(payload, 'print-provenance', session);
  if (before === undefined || before === builder) return { builder, logged };
  const message = `encountered different builderIDs ${quote(before)} ${quote(builder)}`;
  io.stderr(`${what}: FAILED: ${message}\n\n`);
  throw new CommandError(message);
}

/** The lower-case hex of it. */
export async function sha256Of(path: string, io: Io): Promise<string> {
  const artifact = await artifactSource(path, io).open(['sha256'], nodeCrypto);
  const digest = await artifact.digest('sha256', nodeCrypto);
  if (digest === undefined) throw new CommandError(`${path}: its sha256 digest is needed`);
  return toHex(digest);
}

export function sourceDemands(flags: ParsedFlags, io: Io) {
  return {
    source: flags.text('source-uri'),
    builderId: given(flags, 'builder-id'),
    branch: given(flags, 'source-branch'),
    tag: given(flags, 'source-tag'),
    versionedTag: given(flags, 'source-versioned-tag'),
    testing: isTesting(io),
  };
}

/** Files are GitHub's alone. */
export function requireGithub(flags: ParsedFlags): void {
  const kind = builderKind(given(flags, 'builder-id'));
  if ('refusal' in kind) throw new Refused(refuse('builder', kind.refusal));
  if (kind.kind === 'GCB') throw new Refused(refuse('builder', CLOUD_BUILD));
}

const CLOUD_BUILD = {
  error: 'ErrorNotSupported',
  detail: 'Cloud Build has provenance of images only',
  code: 'SLSA_UNSUPPORTED',
  says: 'Cloud Build states how images were built, and nothing about files',
  hint: 'verify the image: slsa-verifier verify-image',
  spec: 'slsa.md section 1.4',
} as const;
