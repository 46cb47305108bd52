/** `slsa-verifier verify-github-attestation FILE`: an attestation that a builder made through GitHub, by a builder that must be named. */
import { MAX_BUNDLE_BYTES, quote } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { isBundleForm, verifyProvenanceBundle } from '@assay/slsa';
import type { Command, Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import { bool, text } from '../cobra/flag.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { requireFlags } from '../cobra/required.ts';
import { isTesting } from './environment.ts';
import { BUILDER_ID, inputsOf, SOURCE_URI, TRUST_FLAGS, WORKFLOW_INPUT } from './flags.ts';
import { judgeVerified } from './provenance-file.ts';
import { openSession, passed, printStatement, tellBuild, told } from './session.ts';
import { requireGithub, sha256Of } from './verify-artifact.ts';

export const command: Command = {
  usage: 'verify-github-attestation [flags] module-file',
  examples: `  slsa-verifier verify-github-attestation MODULE.bazel --attestation-path MODULE.bazel.intoto.jsonl \\
    --source-uri github.com/OWNER/REPOSITORY \\
    --builder-id https://github.com/bazel-contrib/publish-to-bcr/.github/workflows/publish.yaml`,
  flags: [
    text('attestation-path', 'the file with the attestation, a Sigstore bundle'),
    SOURCE_URI,
    BUILDER_ID,
    WORKFLOW_INPUT,
    bool('print-attestation', 'print the verified statement to standard output'),
    ...TRUST_FLAGS,
  ],
  arity: (count) => (count === 1 ? undefined : 'expects a single path to an module file'),
  run,
};

async function run(flags: ParsedFlags, context: Context): Promise<void> {
  requireFlags(flags, 'attestation-path', 'builder-id', 'source-uri');
  const inputs = inputsOf(flags);
  const session = openSession(flags, context);
  const { io } = session;
  const [path = ''] = flags.positionals;
  const what = `Verifying artifact ${quote(path)}`;
  const { payload } = await told(what, session, async () => {
    const digest = await sha256Of(path, io);
    requireGithub(flags);
    const content = readFileCapped(flags.text('attestation-path'), MAX_BUNDLE_BYTES);
    if (!isBundleForm(content)) throw new CommandError('github attestations must be signed by Sigstore');
    const demands = { subject: 'attestation', source: flags.text('source-uri'), builderId: flags.text('builder-id'), digest, inputs } as const;
    const judged = judgeVerified(await verifyProvenanceBundle(content, await session.trust()), { ...demands, testing: isTesting(io) });
    if (judged.verification.ok) tellBuild(judged.judgement, io);
    return judged;
  });
  printStatement(payload, 'print-attestation', session);
  io.stderr(`${what}: PASSED\n\n`);
  passed(session);
}
