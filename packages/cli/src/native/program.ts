/** The native commands: a few verbs that do what people mean (architecture.md section 5). */
import { Command, CommanderError, Option, type OutputConfiguration } from 'commander';
import { EXIT } from '../exit.ts';
import type { Io } from '../io.ts';
import { VERSION } from '../version.ts';
import type { CopyFlags } from './copy.ts';
import type { ExplainFlags } from './explain.ts';
import * as shared from './options.ts';
import type { AttestFlags, SignFlags } from './sign.ts';
import type { VerifyFlags } from './verify.ts';

/** Parses and runs; returns the exit status. Throws `TrustError`. */
export async function runNative(argv: readonly string[], io: Io): Promise<number> {
  let status: number = EXIT.accepted;
  const program = new Command('assay')
    .description('Tells who made what you are about to run, under which policy, and shows the proof.')
    .version(VERSION, '-V, --version', 'print the version')
    .configureOutput(outputTo(io))
    .exitOverride();

  addVerify(program).action(async (things: string[], flags: VerifyFlags) => {
    const { runVerify } = await import('./verify.ts');
    status = await runVerify(things, flags, io);
  });
  addSign(program).action(async (things: string[], flags: SignFlags) => {
    const { runSign } = await import('./sign.ts');
    status = await runSign(things, flags, io);
  });
  addAttest(program).action(async (things: string[], flags: AttestFlags) => {
    const { runAttest } = await import('./sign.ts');
    status = await runAttest(things, flags, io);
  });
  addCopy(program).action(async (source: string, target: string, flags: CopyFlags) => {
    const { runCopy } = await import('./copy.ts');
    status = await runCopy(source, target, flags, io);
  });
  addExplain(program).action(async (files: string[], flags: ExplainFlags) => {
    const { runExplain } = await import('./explain.ts');
    status = await runExplain(files, flags, io);
  });
  const end = (its: number): void => {
    status = its;
  };
  for (const { name, summary, description, load } of GROUPS) {
    const group = program.command(name).summary(summary).description(description);
    if (argv[0] === name) (await load())(group, io, end);
  }
  program.addHelpText('after', COMPATIBLE);

  try {
    await program.parseAsync(argv, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.accepted : EXIT.usage;
  }
  return status;
}

interface Group {
  readonly name: string;
  readonly summary: string;
  readonly description: string;
  /** The commands of a group are read when it is asked for. */
  readonly load: () => Promise<(group: Command, io: Io, end: (status: number) => void) => void>;
}

const GROUPS: readonly Group[] = [
  {
    name: 'sbom',
    summary: 'make, ask, compare and attest SBOMs',
    description: 'What is in an image, a folder or a file: make, query, diff, extract, attest.',
    load: async () => (await import('./sbom/program.ts')).addSbomCommands,
  },
  {
    name: 'pin',
    summary: 'put verified digests into files',
    description: 'Rewrites references to images and charts to the digests that were verified, and leaves every other byte of the files alone.',
    load: async () => (await import('./pin/program.ts')).addPinCommands,
  },
  {
    name: 'release',
    summary: 'make and publish a whole release',
    description: 'Makes checksums, SBOMs and provenance of what assay.release.yaml names, signs all of it by digest, and publishes it: all or nothing.',
    load: async () => (await import('./release/program.ts')).addReleaseCommands,
  },
  {
    name: 'lint',
    summary: 'find what weakens verification in texts',
    description: 'Reads pages, workflows, policies and scripts, and names what verifies less than it seems to.',
    load: async () => (await import('./lint/program.ts')).addLintCommands,
  },
  {
    name: 'kit',
    summary: 'carry artifacts and evidence over an air gap',
    description: 'One file with artifacts, all their evidence, trusted roots and a policy: export, verify, import.',
    load: async () => (await import('./kit/program.ts')).addKitCommands,
  },
  {
    name: 'lock',
    summary: 'remember who signed what, and refuse less',
    description: 'Keeps in assay.lock who signed each artifact the first time, and with what evidence: add, check.',
    load: async () => (await import('./lock/program.ts')).addLockCommands,
  },
  {
    name: 'stack',
    summary: 'run a private Sigstore',
    description: 'A private Sigstore in one process: up, token, status, check, rotate, backup, account.',
    load: async () => (await import('./stack/program.ts')).addStackCommands,
  },
  {
    name: 'log',
    summary: 'watch and search transparency logs',
    description: 'Whether transparency logs keep their word, and what they have on record: monitor, search, consistency.',
    load: async () => (await import('./log/program.ts')).addLogCommands,
  },
  {
    name: 'provenance',
    summary: 'state and show how things were built',
    description: 'SLSA provenance: generate it in CI or at home, and show who built a thing, from what and how.',
    load: async () => (await import('./provenance/program.ts')).addProvenanceCommands,
  },
  {
    name: 'vsa',
    summary: 'sum up a verification, signed',
    description: 'Verification summaries (SLSA VSA): make one of a verification, and verify one.',
    load: async () => (await import('./vsa/program.ts')).addVsaCommands,
  },
  {
    name: 'policy',
    summary: 'check, test, convert and learn policies',
    description: 'What must be shown of an image before it is let in: check, test, convert, learn. Every dialect is judged by one evaluation.',
    load: async () => (await import('./policy/program.ts')).addPolicyCommands,
  },
  {
    name: 'admission',
    summary: 'decide which images may run in a cluster',
    description: 'The webhooks of a Kubernetes cluster: serve. Images are judged by the policies of the cluster before they run.',
    load: async () => (await import('./admission/program.ts')).addAdmissionCommands,
  },
  {
    name: 'trust',
    summary: 'keep roots of other instances',
    description: "TUF roots that no package ships, such as GitHub's own: added once, pinned from then on.",
    load: async () => (await import('./trust/program.ts')).addTrustCommands,
  },
];

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
  const verify = program
    .command('verify')
    .summary('verify files and images with their evidence')
    .description('Verifies files, images, charts and OCI layouts: finds their evidence, checks it, and shows the proof.')
    .argument('<thing...>', 'a path, a release folder, a checksum file, a digest, - for standard input, or an image reference (oci:// and file: force it)')
    .option('--bundle <file>', 'the bundle; default FILE.sigstore.json, FILE.sigstore or FILE.sigstore.jsonl, with --source those of provenance too');
  shared.whoSigned(verify);
  verify
    .option('--policy <file>', 'a policy of any dialect, instead of who must have signed')
    .addOption(shared.trustRootOfPolicy())
    .option('--lock [file]', 'it must be signed as the first time, by whom the lock has; default assay.lock; instead of who must have signed, or besides');
  shared.howBuilt(verify);
  verify
    .option('--rekor-url <url>', 'the log to ask for provenance without proof; default: that of the trusted root')
    .option('--save-bundle <file>', 'keep evidence that came over the network, to verify it without')
    .option('--type <type>', 'the predicate type that an attestation must have: a URI or a short name such as cyclonedx')
    .option('-a, --annotation <key=value>', 'annotation that must be signed; may be repeated', shared.pairs);
  shared.judgedBy(verify);
  verify
    .option('--recursive', 'every image of an index must have evidence of its own too')
    .option('--platform <os/arch>', 'tell the digest of one platform of a verified index')
    .option('--print-ref', 'print the verified reference, HOST/REPOSITORY@DIGEST, and nothing else')
    .option('--ignore-missing', 'of a release: verify what is there, and only tell what is not')
    .option('--all', 'look at all evidence, also after one piece has met the demand')
    .addOption(shared.sideRepository());
  shared.registries(verify);
  verify.addOption(shared.output()).addOption(shared.full()).addHelpText('after', VERIFY_EXAMPLES);
  return verify;
}

function addSign(program: Command): Command {
  return signingOptions(program.command('sign').summary('sign files and images'))
    .description('Signs as whoever you are, or with a key. A file gets a Sigstore bundle beside it, an image one in its registry.')
    .option('--resume <file>', 'complete a signing that an outage interrupted; takes no other argument')
    .option('-a, --annotation <key=value>', 'annotation to sign; may be repeated; for images', shared.pairs)
    .option('--recursive', 'sign every image of an index too')
    .addHelpText('after', SIGN_EXAMPLES);
}

function addAttest(program: Command): Command {
  return signingOptions(program.command('attest').summary('attest something about files and images'))
    .description('Signs a statement about a file or an image: its SBOM, its provenance, the result of a scan.')
    .requiredOption('--type <type>', 'what is stated: a predicate type URI, or a short name such as cyclonedx, spdxjson, slsaprovenance1')
    .requiredOption('--predicate <file>', "the statement's predicate, or - for standard input")
    .addHelpText('after', ATTEST_EXAMPLES);
}

function signingOptions(command: Command): Command {
  command.argument('[thing...]', 'a path, or an image reference (oci:// and file: force it)');
  shared.whoSigns(command);
  command
    .option('--bundle <file>', 'where the bundle is written; default FILE.sigstore.json, and nowhere for images')
    .option('--no-store', 'do not store the bundle in the registry');
  shared.signingServices(command);
  command.addOption(shared.storeElsewhere());
  shared.registries(command);
  command.option('--force', 'overwrite a bundle that is there');
  return command;
}

function addCopy(program: Command): Command {
  return program
    .command('copy')
    .summary('copy an image with all its evidence')
    .description('Copies an image, index or chart with its signatures, attestations and SBOMs, and tells what could not be carried along.')
    .argument('<source>', 'image reference, or a folder with an OCI layout')
    .argument('<target>', 'image reference, or a folder for an OCI layout')
    .option('--force', 'move a tag that names something else')
    .option('--side-repository <repository>', 'where evidence of the source may lie besides (or COSIGN_REPOSITORY)')
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .addHelpText('after', COPY_EXAMPLES);
}

function addExplain(program: Command): Command {
  return program
    .command('explain')
    .summary('show the proof tree of a saved result')
    .description('Shows every check of results that were saved with --output json. It does not verify again.')
    .argument('<file...>', 'a saved result, or - for standard input')
    .addOption(
      new Option('--output <form>', 'as text, as a page for a step summary, or the accepted images as a JSON list').choices(EXPLAIN_OUTPUTS).default('text'),
    )
    .addHelpText('after', EXPLAIN_EXAMPLES);
}

const EXPLAIN_OUTPUTS: readonly ExplainFlags['output'][] = ['text', 'markdown', 'references'];

const EXPLAIN_EXAMPLES = `
Examples:
  assay verify app.tar.gz … --output json > result.json
  assay explain result.json

  # in a job of GitHub Actions
  assay explain --output markdown result.json >> "$GITHUB_STEP_SUMMARY"
`;

const VERIFY_EXAMPLES = `
Examples:
  # a file signed by a GitHub workflow, its bundle beside it
  assay verify app.tar.gz \\
    --identity https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/tags/v1.2.3 \\
    --issuer https://token.actions.githubusercontent.com

  # any tag of that workflow
  assay verify app.tar.gz --issuer https://token.actions.githubusercontent.com \\
    --identity-regexp 'https://github\\.com/OWNER/REPO/\\.github/workflows/release\\.yml@refs/tags/v.*'

  # built from this repository at this tag, by itself or by a builder of the SLSA project; provenance is
  # found beside the file (app.tar.gz.intoto.jsonl, multiple.intoto.jsonl, …), in the registry, or at GitHub
  assay verify app.tar.gz --source github.com/OWNER/REPO --tag v1.2.3
  assay verify ghcr.io/OWNER/APP:1.2.3 --source github.com/OWNER/REPO --branch main --deny-self-hosted-runners

  # by a policy, as the cluster judges it
  assay verify ghcr.io/OWNER/APP:1.2.3 --policy assay.policy.yaml

  # by whom the lock has, who signed it the first time
  assay verify ghcr.io/OWNER/APP:1.2.3 --lock

  # a self-managed key, and another instance than public Sigstore
  assay verify app.tar.gz --key cosign.pub --trusted-root trusted_root.json

  # an image; deploy what was verified, and nothing else
  ref=$(assay verify ghcr.io/OWNER/APP:1.2.3 --print-ref \\
    --identity https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/tags/v1.2.3 \\
    --issuer https://token.actions.githubusercontent.com)

  # a whole release: every file, image, chart, SBOM and provenance; a checksum file, and what it lists that is there
  assay verify ./release --identity … --issuer …
  assay verify checksums.txt --identity … --issuer …

  # a Helm chart, and an image that has to have an SBOM
  assay verify oci://ghcr.io/OWNER/charts/APP:1.2.3 --key cosign.pub
  assay verify ghcr.io/OWNER/APP:1.2.3 --type cyclonedx --key cosign.pub

Exit status: 0 verified, 1 rejected, 2 usage, 3 something needed is unavailable, 4 malformed input
`;

const SIGN_EXAMPLES = `
Examples:
  # an image, as you: with the token of the CI job, or after a login in the browser
  assay sign registry.example/app@sha256:…

  # with a private instance
  assay sign --trust-config client_trust_config.json app.tar.gz

  # when a log was down: the message names the file
  assay sign --resume app.tar.gz.sigstore.json.pending.json

  # with a key; a file: writes app.tar.gz.sigstore.json
  assay sign --key cosign.key app.tar.gz

  # an image, by digest
  assay sign --key cosign.key -a stage=prod registry.example/app@sha256:…

The password of the key comes from COSIGN_PASSWORD, or is asked for. Exit status: as for verify
`;

const ATTEST_EXAMPLES = `
Examples:
  assay attest --type cyclonedx --predicate sbom.json registry.example/app@sha256:…
  assay attest --key cosign.key --type cyclonedx --predicate sbom.json registry.example/app@sha256:…
  make-provenance | assay attest --key cosign.key --type slsaprovenance1 --predicate - app.tar.gz

The password of the key comes from COSIGN_PASSWORD, or is asked for. Exit status: as for verify
`;

const COPY_EXAMPLES = `
Examples:
  assay copy ghcr.io/OWNER/APP:1.2.3 registry.example/APP:1.2.3
  assay copy ghcr.io/OWNER/APP:1.2.3 ./app-layout

Exit status: 0 copied whole, 1 copied, but evidence was left behind; 2 to 4 as for verify
`;

const COMPATIBLE = `
Compatible commands (flags, texts and exit codes of the tools they replace):
  assay cosign …        signs, verifies, attests, stores, copies
  assay slsa-verifier … verify-artifact, verify-image, verify-npm-package, verify-github-attestation, verify-vsa
  assay gh attestation … verify, download, inspect, trusted-root
  assay crane …         digest, manifest, config, ls, copy, pull, push, tag, export, append, mutate, validate
  assay imagetools …    inspect
  assay chart …         Helm charts: package, push, pull, verify, show (also as: assay helm …)
Started under the name cosign, slsa-verifier or crane, assay is that tool.
`;
