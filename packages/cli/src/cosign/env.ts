/** `cosign env`: which variables are known, and what they hold (cosign.md sections 0.3 and 1). */
import { anyNumber, type Command } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Io } from '../io.ts';
import { bool } from './flags.ts';

export const command: Command = {
  usage: 'env [flags]',
  examples: `  # what is set, in a form that shells read
  cosign env --show-descriptions=false`,
  flags: [
    bool('show-descriptions', 'say what each variable is for', { default: 'true' }),
    bool('show-sensitive-values', 'show passwords and tokens, instead of asterisks'),
  ],
  arity: anyNumber,
  ignoresVariables: true,
  async run(flags, { io }) {
    const [extra] = flags.positionals;
    if (extra !== undefined) throw new CommandError(`unknown command ${JSON.stringify(extra)} for "cosign env"`);
    for (const [name, variable] of Object.entries(VARIABLES)) printKnown(name, variable, flags, io);
    printOthers(flags, io);
  },
};

function printKnown(name: string, { is, expects, sensitive = false }: Variable, flags: ParsedFlags, io: Io): void {
  if (flags.bool('show-descriptions')) io.stdout(`# ${name} ${is}\n# Expects: ${expects}\n`);
  io.stdout(assignment(name, io.env[name] ?? '', sensitive && !flags.bool('show-sensitive-values')));
}

/** What looks as if it were meant for us. Nobody knows what it holds, so it is hidden. */
function printOthers(flags: ParsedFlags, io: Io): void {
  const names = Object.keys(io.env).filter((name) => PREFIXES.some((prefix) => name.startsWith(prefix)) && !Object.hasOwn(VARIABLES, name));
  if (names.length === 0) return;
  if (flags.bool('show-descriptions'))
    io.stdout("# Environment variables below are not registered with cosign,\n# but might still influence cosign's behavior.\n");
  for (const name of names.toSorted()) io.stdout(assignment(name, io.env[name] ?? '', !flags.bool('show-sensitive-values')));
}

function assignment(name: string, value: string, hidden: boolean): string {
  return `${name}=${hidden && value !== '' ? '******' : value}\n`;
}

interface Variable {
  readonly is: string;
  readonly expects: string;
  readonly sensitive?: boolean;
}

const PREFIXES = ['COSIGN_', 'SIGSTORE_', 'TUF_', 'ASSAY_'];

/** Sorted by name. */
const VARIABLES: Readonly<Record<string, Variable>> = {
  ACTIONS_ID_TOKEN_REQUEST_TOKEN: { is: 'authorizes asking GitHub Actions for an identity token', expects: 'a bearer token; GitHub sets it', sensitive: true },
  ACTIONS_ID_TOKEN_REQUEST_URL: { is: 'is where GitHub Actions gives identity tokens', expects: 'a URL; GitHub sets it' },
  BUILDKITE_AGENT_ACCESS_TOKEN: { is: 'authorizes asking the Buildkite agent for an identity token', expects: 'a token', sensitive: true },
  BUILDKITE_AGENT_ENDPOINT: { is: 'is where the Buildkite agent answers', expects: 'a URL' },
  BUILDKITE_AGENT_LOG_LEVEL: { is: 'is how much the Buildkite agent logs', expects: 'debug, notice, info, error, warn or fatal' },
  BUILDKITE_JOB_ID: { is: 'is the Buildkite job that the identity token names', expects: 'a job id' },
  COSIGN_DOCKER_MEDIA_TYPES: { is: 'stores signatures with the media types of Docker, for old registries', expects: '1, or nothing' },
  COSIGN_EXPERIMENTAL: { is: 'unlocks --registry-referrers-mode=oci-1-1', expects: '1, or nothing' },
  COSIGN_MAX_ATTACHMENT_SIZE: { is: 'caps what is read of a payload', expects: 'a size: 5120, 20K, 45MiB, 1GB; 128MiB unless set' },
  COSIGN_PASSWORD: { is: 'is the password of private keys', expects: 'a password; an empty one counts', sensitive: true },
  COSIGN_PKCS11_IGNORE_CERTIFICATE: { is: 'leaves certificates on PKCS #11 tokens unread', expects: '1, or nothing' },
  COSIGN_PKCS11_MODULE_PATH: { is: 'is the library that drives a PKCS #11 token', expects: 'a path' },
  COSIGN_PKCS11_PIN: { is: 'unlocks a PKCS #11 token', expects: 'a PIN', sensitive: true },
  COSIGN_REPOSITORY: { is: 'holds signatures and attestations of all images', expects: 'a repository' },
  GITHUB_HOST: { is: 'is the GitHub that keeps keys', expects: 'a host' },
  GITHUB_TOKEN: { is: 'authorizes access to GitHub', expects: 'a token', sensitive: true },
  GITLAB_HOST: { is: 'is the GitLab that keeps keys', expects: 'a host' },
  GITLAB_TOKEN: { is: 'authorizes access to GitLab', expects: 'a token', sensitive: true },
  GOOGLE_SERVICE_ACCOUNT_NAME: { is: 'is the account whose identity token Google gives', expects: 'the name of a service account' },
  SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: { is: 'replaces the key of the certificate transparency log', expects: 'a file or URL, PEM' },
  SIGSTORE_ID_TOKEN: { is: 'is the identity to sign as', expects: 'an OIDC token for the audience sigstore', sensitive: true },
  SIGSTORE_REKOR_PUBLIC_KEY: { is: 'replaces the key of the transparency log', expects: 'a file or URL, PEM' },
  SIGSTORE_ROOT_FILE: { is: 'replaces the roots of the certificate authority', expects: 'a file or URL, PEM' },
  SIGSTORE_TSA_CERTIFICATE_FILE: { is: 'replaces the chain of the timestamp authority', expects: 'a file or URL, PEM, leaf first' },
  SOURCE_DATE_EPOCH: { is: 'stands in for the present where times are stored', expects: 'seconds since 1970' },
  SPIFFE_ENDPOINT_SOCKET: { is: 'is where SPIFFE gives identity tokens', expects: 'the path of a socket' },
  TUF_MIRROR: { is: 'is the TUF repository that trust comes from', expects: 'a URL' },
  TUF_ROOT: { is: 'holds what TUF repositories gave', expects: 'a folder' },
  TUF_ROOT_JSON: { is: 'is the root that trust in TUF_MIRROR starts from', expects: 'a file, root.json' },
};
