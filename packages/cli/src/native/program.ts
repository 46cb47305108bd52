/** The native commands: a few verbs that do what people mean (architecture.md section 5). */
import { Command, CommanderError, InvalidArgumentError, Option, type OutputConfiguration } from 'commander';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { VERSION } from '../version.ts';
import type { VerifyFlags } from './verify.ts';

/** Parses and runs; returns the exit status. Throws `TrustError`. */
export async function runNative(argv: readonly string[], io: Io): Promise<number> {
  let status: number = EXIT.accepted;
  const program = new Command('assay')
    .description('Tells who made what you are about to run, under which policy, and shows the proof.')
    .version(VERSION, '-V, --version', 'print the version')
    .configureOutput(outputTo(io))
    .exitOverride();

  addVerify(program).action(async (file: string, flags: VerifyFlags) => {
    const { runVerify } = await import('./verify.ts');
    status = await runVerify(file, flags, io);
  });
  addExplain(program).action(async (file: string) => {
    const { runExplain } = await import('./explain.ts');
    status = await runExplain(file, io);
  });
  program.addHelpText('after', COMPATIBLE);
  for (const command of program.commands) command.exitOverride().configureOutput(outputTo(io));

  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.accepted : EXIT.usage;
  }
  return status;
}

/** Mistakes in the command line look like every other error of ours. */
function outputTo(io: Io): OutputConfiguration {
  return {
    writeOut: io.stdout,
    writeErr: io.stderr,
    getOutHelpWidth: () => (io.terminal ? process.stdout.columns : HELP_WIDTH),
    getErrHelpWidth: () => (io.terminal ? process.stdout.columns : HELP_WIDTH),
    outputError: (text, write) => {
      const [message = '', suggestion] = text
        .trim()
        .replace(/^error: /, '')
        .split('\n');
      const advice = suggestion === undefined ? 'see assay --help' : `${suggestion.replace(/^\(Did (.*)\)$/, 'did $1')} (see assay --help)`;
      write(`assay: ${message}  [USAGE]\n  try       ${advice}\n`);
    },
  };
}

/** Where the width of a terminal is not known. */
const HELP_WIDTH = 80;

function addVerify(program: Command): Command {
  return program
    .command('verify')
    .summary('verify a file with its bundle')
    .description('Verifies a file (or a digest, sha256:HEX) with its Sigstore bundle, and shows the proof.')
    .argument('<file>', 'the artifact: a path, a digest, or - for standard input')
    .option('--bundle <file>', 'the bundle; default FILE.sigstore.json, FILE.sigstore or FILE.sigstore.jsonl')
    .option('--identity <name>', 'who must have signed: e-mail address, workflow URI or user name, compared exactly')
    .option('--identity-regexp <pattern>', 'the same as an RE2 pattern that must match as a whole')
    .option('--issuer <url>', 'the OIDC issuer that must have vouched for the identity')
    .option('--issuer-regexp <pattern>', 'the same as an RE2 pattern that must match as a whole')
    .option('--key <file>', 'the public key that must have signed: PEM file, URL or env://NAME')
    .option('--type <uri>', 'the predicate type that an attestation must have')
    .option('--trusted-root <file>', 'trusted_root.json of the Sigstore instance (default: public Sigstore, or ASSAY_TRUST)')
    .option('--offline', 'open no socket (or ASSAY_OFFLINE=1)')
    .option('--require-fresh-root', 'refuse a trusted root that could not be refreshed')
    .addOption(new Option('--log-threshold <n>', 'transparency logs that must have recorded the signing').default(1).argParser(count))
    .addOption(new Option('--sct-threshold <n>', 'certificate transparency logs that must vouch for the certificate').default(1).argParser(count))
    .addOption(new Option('--timestamp-threshold <n>', 'timestamp authorities that must have seen the signature').default(0).argParser(count))
    .addOption(new Option('--output <form>', 'what to print').choices(['text', 'json']).default('text'))
    .option('--full', 'show every check, also those that passed')
    .addHelpText('after', VERIFY_EXAMPLES);
}

function addExplain(program: Command): Command {
  return program
    .command('explain')
    .summary('show the proof tree of a saved result')
    .description('Shows every check of a result that was saved with --output json. It does not verify again.')
    .argument('<file>', 'the saved result, or - for standard input')
    .addHelpText('after', '\nExamples:\n  assay verify app.tar.gz … --output json > result.json\n  assay explain result.json\n');
}

function count(text: string): number {
  if (!/^\d{1,2}$/.test(text)) throw new InvalidArgumentError('a number from 0 to 99 was expected');
  return Number(text);
}

const VERIFY_EXAMPLES = `
Examples:
  # a file signed by a GitHub workflow, its bundle beside it
  assay verify app.tar.gz \\
    --identity https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/tags/v1.2.3 \\
    --issuer https://token.actions.githubusercontent.com

  # any tag of that workflow
  assay verify app.tar.gz --issuer https://token.actions.githubusercontent.com \\
    --identity-regexp 'https://github\\.com/OWNER/REPO/\\.github/workflows/release\\.yml@refs/tags/v.*'

  # a self-managed key, and another instance than public Sigstore
  assay verify app.tar.gz --key cosign.pub --trusted-root trusted_root.json

Exit status: 0 verified, 1 rejected, 2 usage, 3 something needed is unavailable, 4 malformed input
`;

const COMPATIBLE = `
Compatible commands (flags, texts and exit codes of the tools they replace):
  assay cosign verify-blob …
  assay cosign verify-blob-attestation …
`;
