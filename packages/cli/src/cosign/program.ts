/** The compatible face of cosign: its flags, texts and exit statuses over the one pipeline (cosign.md sections 0 and 1). */
import { writeFileSync } from 'node:fs';
import { isTrustError } from '@assay/core';
import type { Io } from '../io.ts';
import { CosignError, messageOf } from './failure.ts';
import { ALIASES, GLOBAL_FLAGS, VERIFY_BLOB_ATTESTATION_FLAGS, VERIFY_BLOB_FLAGS } from './flags.ts';
import { commandHelp, programHelp } from './help.ts';
import { FlagError, type FlagSpec, type ParsedFlags, parseDuration, parseFlags } from './pflag.ts';
import { run as verifyBlob } from './verify-blob.ts';
import { run as verifyBlobAttestation } from './verify-blob-attestation.ts';

export interface CosignCommand {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly examples: string;
  readonly flags: readonly FlagSpec[];
  /** What is wrong with the positionals, in cobra's words. */
  readonly arity: (count: number) => string | undefined;
  readonly run: (flags: ParsedFlags, context: CosignContext) => Promise<void>;
}

export interface CosignContext {
  readonly io: Io;
  readonly verbose: boolean;
  /** Fires when `--timeout` has passed since the start. */
  readonly signal: AbortSignal;
}

export const COMMANDS: readonly CosignCommand[] = [
  {
    name: 'verify-blob',
    usage: 'verify-blob [flags] BLOB',
    summary: 'Verify a signature on a blob',
    examples: `  # a Sigstore bundle
  cosign verify-blob --bundle artifact.sigstore.json --certificate-identity NAME --certificate-oidc-issuer URL artifact

  # a key on disk
  cosign verify-blob --bundle artifact.sigstore.json --key cosign.pub artifact

  # a bare signature and certificate; the log is searched
  cosign verify-blob --certificate artifact.pem --signature artifact.sig --certificate-identity NAME --certificate-oidc-issuer URL artifact`,
    flags: VERIFY_BLOB_FLAGS,
    arity: (count) => (count === 1 ? undefined : `accepts 1 arg(s), received ${count}`),
    run: verifyBlob,
  },
  {
    name: 'verify-blob-attestation',
    usage: 'verify-blob-attestation [flags] [BLOB]',
    summary: 'Verify an attestation on a blob',
    examples: `  # a Sigstore bundle with an attestation
  cosign verify-blob-attestation --bundle artifact.sigstore.json --type slsaprovenance1 --certificate-identity NAME --certificate-oidc-issuer URL artifact

  # by digest
  cosign verify-blob-attestation --bundle artifact.sigstore.json --key cosign.pub --digest HEX --digestAlg sha256`,
    flags: VERIFY_BLOB_ATTESTATION_FLAGS,
    arity: (count) => (count <= 1 ? undefined : `accepts at most 1 arg(s), received ${count}`),
    run: verifyBlobAttestation,
  },
];

/** Returns the exit status. */
export async function cosign(argv: readonly string[], io: Io): Promise<number> {
  const args = fixArguments(argv, io);
  const at = commandIndex(args);
  const name = args[at];
  if (name === undefined || name === 'help') {
    io.stdout(programHelp(COMMANDS));
    return 0;
  }
  const command = COMMANDS.find((candidate) => candidate.name === name);
  try {
    if (command === undefined) throw new CosignError(`unknown command ${JSON.stringify(name)} for "cosign"`);
    return await run(command, args.toSpliced(at, 1), io);
  } catch (error) {
    return fail(error, command === undefined, io);
  }
}

/** Flags may stand before the command. What follows one that takes a value, or one that only the command knows, is its value, as cobra has it. */
function commandIndex(args: readonly string[]): number {
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (arg === '--') return -1;
    if (!arg.startsWith('-')) return at;
    if (!arg.includes('=') && !SWITCHES.has(arg)) at++;
  }
  return -1;
}

const SWITCHES: ReadonlySet<string> = new Set(
  GLOBAL_FLAGS.filter(({ kind }) => kind === 'bool').flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]),
);

async function run(command: CosignCommand, args: readonly string[], io: Io): Promise<number> {
  const flags = parseFlags(args, [...command.flags, ...GLOBAL_FLAGS], { aliases: ALIASES, env: io.env, envPrefix: 'COSIGN' });
  for (const notice of flags.notices) io.stderr(`${notice}\n`);
  if (flags.help) {
    io.stdout(commandHelp(command, GLOBAL_FLAGS));
    return 0;
  }
  refuseFlagValues(flags);
  const arity = command.arity(flags.positionals.length);
  if (arity !== undefined) throw new CosignError(arity);
  // Not `performance`: it loads a dozen modules of Node, which every run would pay for.
  const deadline = 1000 * process.uptime() + (parseDuration(flags.text('timeout')) ?? 0);
  await command.run(flags, {
    io: withOutputFile(io, flags.text('output-file')),
    verbose: flags.bool('verbose'),
    // Made when something is fetched: most verifications open no socket and need no timer.
    get signal() {
      return AbortSignal.timeout(Math.ceil(Math.min(Math.max(0, deadline - 1000 * process.uptime()), MAX_TIMER_MS)));
    },
  });
  return 0;
}

/** Node takes longer ones for 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** What cobra and cosign refuse before a command runs. */
function refuseFlagValues(flags: ParsedFlags): void {
  for (const other of ['ca-roots', 'ca-intermediates']) {
    if (!flags.given(other) || !flags.given('certificate-chain')) continue;
    const group = `[${other} certificate-chain]`;
    throw new CosignError(`if any flags in the group ${group} are set none of the others can be; ${group} were all set`);
  }
  const digest = flags.text('signature-digest-algorithm');
  if (!['sha224', 'sha256', 'sha384', 'sha512'].includes(digest)) throw new CosignError(`unknown digest algorithm: ${digest}`);
}

/** `--output-file`: standard output of the command goes there instead. */
function withOutputFile(io: Io, path: string): Io {
  if (path === '') return io;
  try {
    writeFileSync(path, '');
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : String((error as NodeJS.ErrnoException).code);
    throw new CosignError(`error creating output file ${path}: open ${path}: ${reason}`, 1, { cause: error });
  }
  return { ...io, stdout: (text) => writeFileSync(path, text, { flag: 'a' }) };
}

function fail(error: unknown, unknownCommand: boolean, io: Io): number {
  const message = error instanceof FlagError ? error.message : isOurs(error) ? messageOf(error) : internalText(error, io);
  const help = unknownCommand ? "Run 'cosign --help' for usage.\n" : '';
  io.stderr(`Error: ${message}\n${help}error during command execution: ${message}\n`);
  return error instanceof CosignError ? error.status : 1;
}

function isOurs(error: unknown): boolean {
  return error instanceof CosignError || isTrustError(error);
}

/** A bug of ours. The trace is for the report, and only shown when asked for. */
function internalText(error: unknown, io: Io): string {
  if (io.env['ASSAY_DEBUG'] === '1' && error instanceof Error) io.stderr(`${error.stack}\n`);
  return `internal error, please report it with the command and its input (ASSAY_DEBUG=1 shows where it happened): ${error instanceof Error ? error.message : String(error)}`;
}

/** cosign rewrites old spellings before it parses anything: `-word` to `--word`, `--o` to `-o`, `-version` to the subcommand. */
function fixArguments(argv: readonly string[], io: Io): string[] {
  return argv.map((arg) => {
    if (/^--.$/u.test(arg)) {
      const fixed = `-${arg.slice(2)}`;
      io.stderr(`WARNING: the flag ${arg} is deprecated and will be removed in a future release. Please use the flag ${fixed}.\n`);
      return fixed;
    }
    if (!/^-[^-]./u.test(arg)) return arg;
    const [fixed, kind] = arg === '-version' ? ['version', 'subcommand'] : [`-${arg}`, 'flag'];
    io.stderr(`WARNING: the ${arg} flag is deprecated and will be removed in a future release. Please use the ${fixed} ${kind} instead.\n`);
    return fixed;
  });
}
