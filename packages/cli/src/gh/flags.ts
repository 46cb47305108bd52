/** Flags of more than one command, and how values are refused, in the words of GitHub's CLI. */
import { refuseTogetherPlainly } from '../cobra/exclusive.ts';
import { CommandError } from '../cobra/failure.ts';
import { text } from '../cobra/flag.ts';
import { FlagError, type FlagSpec, type ParsedFlags } from '../cobra/pflag.ts';

export const HOSTNAME = text('hostname', 'host to use: github.com or TENANT.ghe.com');

export const SCOPE_FLAGS: readonly FlagSpec[] = [
  text('owner', 'GitHub organization to look for attestations in', { short: 'o' }),
  text('repo', 'repository to look for attestations in: OWNER/REPO', { short: 'R' }),
];

export const LOOKUP_FLAGS: readonly FlagSpec[] = [
  text('digest-alg', 'algorithm of the digest of a file: {sha256|sha512}', { short: 'd', default: 'sha256' }),
  text('limit', 'how many attestations to fetch at most', { short: 'L', kind: 'int', default: '30' }),
  HOSTNAME,
];

export const FORMAT_FLAGS: readonly FlagSpec[] = [
  text('format', 'print the result in this form: {json}'),
  text('jq', 'filter the JSON with a jq expression', { short: 'q' }),
  text('template', 'format the JSON with a Go template', { short: 't' }),
];

/** `refuse` of commands: values that are one of a few. */
export function refuseChoices(flags: ParsedFlags): void {
  refuseOther(flags, 'digest-alg', '-d, --digest-alg', ['sha256', 'sha512']);
  refuseOther(flags, 'format', '--format', ['json']);
}

function refuseOther(flags: ParsedFlags, name: string, shown: string, choices: readonly string[]): void {
  if (!flags.given(name) || choices.includes(flags.text(name))) return;
  throw new FlagError(`invalid argument ${JSON.stringify(flags.text(name))} for "${shown}" flag: valid values are {${choices.join('|')}}`);
}

/** One positional; the number of them is judged in the tool's own words. */
export const exactlyOne = (missing: string) => (count: number) => (count === 1 ? undefined : count > 1 ? 'too many arguments' : missing);

/** What `verify` and `download` ask of the flags they share, in the order of the reference. */
export function refuseLookup(flags: ParsedFlags): void {
  refuseRepo(flags, 'repo');
  refuseRepo(flags, 'signer-repo');
  const limit = flags.number('limit');
  if (limit < 1 || limit > 1000) throw new CommandError(`limit ${limit} not allowed, must be between 1 and 1000`);
}

function refuseRepo(flags: ParsedFlags, name: string): void {
  const repo = flags.text(name);
  if (repo !== '' && !/^[^/]+\/[^/]+$/.test(repo)) throw new CommandError(`invalid value provided for ${name}: ${repo}`);
}

export function refuseHostname(flags: ParsedFlags): void {
  const host = flags.text('hostname');
  if (host === '') return;
  if (host.trim() === '') throw new CommandError('error parsing hostname: a value is required');
  if (/[/:]/.test(host)) throw new CommandError('error parsing hostname: invalid hostname');
}

export function refuseFormatting(flags: ParsedFlags): void {
  if (flags.given('format')) return;
  const alone = ['jq', 'template'].find((name) => flags.given(name));
  if (alone !== undefined) throw new CommandError(`cannot use \`--${alone}\` without specifying \`--format json\``);
}

/** Groups of flags, which the reference judges last; without its usage behind them. */
export function refuseScope(flags: ParsedFlags): void {
  if (!flags.given('owner') && !flags.given('repo')) throw new CommandError('at least one of the flags in the group [owner repo] is required');
  refuseTogetherPlainly(flags, 'owner', 'repo');
}

/** Flags that mean nothing without each other. */
export function refuseApart(flags: ParsedFlags, ...names: readonly string[]): void {
  const missing = names.filter((name) => !flags.given(name)).toSorted();
  if (missing.length === 0 || missing.length === names.length) return;
  throw new CommandError(`if any flags in the group [${names.join(' ')}] are set they must all be set; missing [${missing.join(' ')}]`);
}
