/** `assay log …`: whether transparency logs keep their word, and what they have on record. Read only when it is asked for. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import type { ConsistencyFlags } from './consistency.ts';
import type { MonitorFlags } from './monitor.ts';
import type { SearchFlags } from './search.ts';

/** Adds the commands to `log`; each tells `end` its exit status. */
export function addLogCommands(log: Command, io: Io, end: (status: number) => void): void {
  addMonitor(log).action(async (flags: MonitorFlags) => end(await (await import('./monitor.ts')).runMonitor(flags, io)));
  addSearch(log).action(async (artifact: string | undefined, flags: SearchFlags) => end(await (await import('./search.ts')).runSearch(artifact, flags, io)));
  addConsistency(log).action(async (old: string, newer: string | undefined, flags: ConsistencyFlags) =>
    end(await (await import('./consistency.ts')).runConsistency(old, newer, flags, io)),
  );
}

function addMonitor(log: Command): Command {
  return withLogs(log.command('monitor').summary('follow logs, and tell entries of whom you watch'))
    .description(
      'Follows transparency logs (Rekor v1 and v2): verifies that each extends the tree that it signed before, reads what was recorded since, and tells' +
        ' the entries that are watched. The last verified checkpoint is kept, and the next run goes on from there.',
    )
    .option('--identity <name>', 'watch this e-mail address, URI or user name; may be repeated', shared.list)
    .option('--identity-regexp <pattern>', 'the same as an RE2 pattern that must match as a whole; may be repeated', shared.list)
    .option('--issuer <url>', 'of the watched identities only those of this OIDC issuer, or all of it; may be repeated', shared.list)
    .option('--issuer-regexp <pattern>', 'the same as an RE2 pattern that must match as a whole; may be repeated', shared.list)
    .option('--key <ref>', 'watch what is signed with this public key: PEM file, URL, env://NAME, k8s://, pkcs11:; may be repeated', shared.list)
    .option('--digest <artifact>', 'watch what is signed of this artifact: sha256:…, or a file; may be repeated', shared.list)
    .addOption(new Option('--from <index>', 'where to begin without a kept checkpoint; default after the newest entry').argParser(index))
    .option('--state <file>', 'where the checkpoint is kept; default a file for each log in $XDG_STATE_HOME/assay/logs')
    .addOption(new Option('--interval <duration>', 'how often to look, as 10s, 5m, 1h').default(10_000, '10s').argParser(duration))
    .option('--once', 'look once, up to the newest checkpoint')
    .addOption(shared.output())
    .addHelpText('after', MONITOR_EXAMPLES);
}

function addSearch(log: Command): Command {
  return withLogs(log.command('search').summary('find entries by artifact, identity or key'))
    .description(
      "Asks the logs' own indexes, and shows what they name only after it is proven to be in a tree that the log signed. All that is given must hold.",
    )
    .argument('[artifact]', 'a digest (sha256:…), a file, or - for standard input')
    .option('--identity <name>', 'who signed: e-mail address, URI or user name')
    .option('--key <file>', 'what it was signed with: PEM of a public key or a certificate')
    .addOption(shared.output())
    .addHelpText('after', SEARCH_EXAMPLES);
}

function addConsistency(log: Command): Command {
  return log
    .command('consistency')
    .summary('verify that one checkpoint extends another')
    .description('Verifies the signatures of two checkpoints of a log, and that the larger tree extends the smaller one.')
    .argument('<checkpoint>', 'a file with a checkpoint, or - for standard input')
    .argument('[other]', 'a second one; default the newest of the log')
    .requiredOption('--log <url>', 'base URL of the log')
    .addOption(logKey())
    .addOption(shared.trustedRoot())
    .addOption(shared.output())
    .addHelpText('after', CONSISTENCY_EXAMPLES);
}

function withLogs(command: Command): Command {
  return command
    .option('--log <url>', 'base URL of a log; may be repeated; default every log of the trusted root that is in use', shared.list)
    .addOption(logKey())
    .addOption(shared.trustedRoot());
}

function logKey(): Option {
  return new Option('--log-key <file>', "PEM file with the log's public key, instead of a trusted root").conflicts('trustedRoot');
}

function index(text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError('the index of an entry was expected, from 0 on');
  return BigInt(text);
}

function duration(text: string): number {
  const [, count, unit = ''] = DURATION.exec(text) ?? [];
  if (count === undefined || Number(count) === 0) throw new InvalidArgumentError('a duration was expected, as 10s, 5m or 1h');
  return Number(count) * (UNITS[unit] ?? 1000);
}

const DURATION = /^(\d{1,5})([smh]?)$/;
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };

const MONITOR_EXAMPLES = `
Examples:
  # tell whatever is signed in your name, at any log of the instance in use
  assay log monitor --identity me@example.com --issuer https://accounts.example.com

  # for a timer: what is new since the last time, as JSON lines
  assay log monitor --once --output json --identity-regexp 'https://github\\.com/OWNER/.*'

  # a log by its address, from its first entry on
  assay log monitor --once --from 0 --log http://127.0.0.1:4100/rekor/1 --trusted-root trusted_root.json

A log does not ask who issued a certificate: an entry in your name is a reason to look, and not yet a signature that anybody accepts.

Standard output has the entries (as JSON also the verified checkpoints), standard error the progress. An entry may be told twice after an
interruption, and is never missed. A log that contradicts itself leaves the kept checkpoint as it is; what proves it is kept beside it.

Exit status: 0 all logs keep their word, 1 one does not; 2 to 4 as for verify. Without --once, what may pass (3) is told and tried again
`;

const SEARCH_EXAMPLES = `
Examples:
  assay log search app.tar.gz
  assay log search sha256:… --identity me@example.com
  assay log search --key cosign.pub --log http://127.0.0.1:4100 --output json

An index proves nothing by what it leaves out; assay log monitor reads the log itself. Rekor v2 of public Sigstore has no index, and Rekor v1 none of
names that are URIs.

Exit status: 0 searched, 1 an index named what its log does not prove; 2 to 4 as for verify
`;

const CONSISTENCY_EXAMPLES = `
Examples:
  assay log consistency old.checkpoint --log https://rekor.sigstore.dev
  assay log consistency old.checkpoint new.checkpoint --log http://127.0.0.1:4100/rekor/1 --trusted-root trusted_root.json

Exit status: 0 consistent, 1 not; 2 to 4 as for verify
`;
