/** `assay stack …`: a private Sigstore in one process, and what its operator does with it. Read only when it is asked for. */
import { LOG_LEVELS, ROTATABLE, type Rotatable, SERVICE_NAMES, type ServiceName } from '@assay/stack';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import type { AccountFlags } from './account.ts';
import type { BackupFlags } from './backup.ts';
import type { CheckFlags } from './check.ts';
import { listenAddress } from './listen-address.ts';
import type { RotateFlags } from './rotate.ts';
import type { StatusFlags } from './status.ts';
import type { TokenFlags } from './token.ts';
import type { UpFlags } from './up.ts';

/** Adds the commands to `stack`; each tells `end` its exit status. */
export function addStackCommands(stack: Command, io: Io, end: (status: number) => void): void {
  addUp(stack).action(async (flags: UpFlags) => end(await (await import('./up.ts')).runUp(flags, io)));
  addToken(stack).action(async (flags: TokenFlags) => end(await (await import('./token.ts')).runToken(flags, io)));
  addStatus(stack).action(async (flags: StatusFlags) => end(await (await import('./status.ts')).runStatus(flags, io)));
  addCheck(stack).action(async (flags: CheckFlags) => end(await (await import('./check.ts')).runCheck(flags, io)));
  addRotate(stack).action(async (what: Rotatable, flags: RotateFlags) => end(await (await import('./rotate.ts')).runRotate(what, flags, io)));
  addBackup(stack).action(async (target: string, flags: BackupFlags) => end(await (await import('./backup.ts')).runBackup(target, flags, io)));
  addAccount(stack).action(async (email: string, flags: AccountFlags) => end(await (await import('./account.ts')).runAccount(email, flags, io)));
}

function addUp(stack: Command): Command {
  return withData(stack.command('up').summary('run it'))
    .description(
      'Runs an OIDC issuer, a certificate authority, a CT log, Rekor v1 and v2, a timestamp authority, a TUF repository and a registry,' +
        ' until it is told to stop. SIGHUP makes it read its folder again.',
    )
    .addOption(new Option('--listen <host[:port]>', 'where; default 127.0.0.1 and, at the first start, a free port that stays').argParser(listenAddress))
    .addOption(new Option('--public-url <url>', 'how clients reach it, behind a proxy; kept from then on').argParser(originUrl))
    .addOption(new Option('--only <names>', `these services alone, separated by commas: ${SERVICE_NAMES.join(', ')}`).argParser(serviceNames))
    .addOption(new Option('--elsewhere <name=url>', 'this service runs there; may be repeated').argParser(collectService))
    .option('--elsewhere-trust <file>', 'trusted_root.json with the keys of services that run elsewhere')
    .option('--fulcio-config <file>', 'whose identity tokens count besides our own: the configuration file of Fulcio; default DIR/fulcio-config.yaml')
    .addOption(new Option('--log-level <level>', 'what is logged on standard error, as JSON lines').choices(LOG_LEVELS).default('info'))
    .addOption(shared.output())
    .addHelpText('after', UP_EXAMPLES);
}

function addToken(stack: Command): Command {
  return withData(stack.command('token').summary('print an identity token of its issuer'))
    .description('Prints an identity token for scripts and tests. Works only where the folder of the stack is, whether it runs or not.')
    .addOption(new Option('--email <address>', 'of a person').conflicts(['github', 'gitlab', 'spiffe']))
    .addOption(new Option('--github <claims>', 'of a workflow: repo=OWNER/NAME,workflow=FILE.yml,ref=REF; others by name').conflicts(['gitlab', 'spiffe']))
    .addOption(new Option('--gitlab <claims>', 'of a pipeline: project=GROUP/NAME,ref=BRANCH; others by name').conflicts('spiffe'))
    .option('--spiffe <id>', 'of a workload: spiffe://assay.local/PATH')
    .option('--audience <name>', 'whom it is for; default sigstore')
    .addOption(new Option('--lifetime <seconds>', '60 to 600; default 300').argParser(seconds))
    .addHelpText('after', TOKEN_EXAMPLES);
}

function addStatus(stack: Command): Command {
  return withData(stack.command('status').summary('what there is, and what expires when'))
    .description('Shows keys, chains, logs and TUF metadata, and what expires soon. Reads only.')
    .addOption(shared.output())
    .addHelpText('after', '\nExit status: 0 all in order, 1 something has expired; 2 to 4 as for verify\n');
}

function addCheck(stack: Command): Command {
  return withData(stack.command('check').summary('look for damage'))
    .description('Verifies everything in the folder: keys, chains, every entry of every log, TUF metadata, the content of the registry. Reads only.')
    .addOption(shared.output())
    .addHelpText('after', '\nExit status: 0 whole, 1 damaged; 2 to 4 as for verify\n');
}

function addRotate(stack: Command): Command {
  return withData(stack.command('rotate').summary('replace keys'))
    .description(
      'Puts new keys in place of those in use: of the certificate authority, of all logs (which go on as new shards), of the timestamp authority,' +
        ' of TUF, or of the issuer. What the old ones signed stays valid. A stack that runs takes them up at once.',
    )
    .addArgument(stack.createArgument('<what>', 'whose').choices(ROTATABLE));
}

function addBackup(stack: Command): Command {
  return withData(stack.command('backup').summary('copy everything, also while it runs'))
    .description('Copies the folder, so that the copy is a stack by itself. It holds the private keys.')
    .argument('<target>', 'a folder that does not exist yet')
    .addHelpText('after', '\nExample:\n  assay stack backup /backups/sigstore-1\n  assay stack check --data /backups/sigstore-1\n');
}

function addAccount(stack: Command): Command {
  return withData(stack.command('account').summary('let somebody log in with a password'))
    .description('Adds an account, or changes its password. Without any account the login page believes every address; with one, only those there are.')
    .argument('<email>', 'whose')
    .addHelpText('after', '\nThe password is read from standard input.\n\nExample:\n  pass show sigstore | assay stack account release@example.com\n');
}

function withData(command: Command): Command {
  return command.option('--data <dir>', 'the folder of the stack; default $XDG_DATA_HOME/assay/stack');
}

function serviceNames(text: string): ServiceName[] {
  return text.split(',').map(serviceName);
}

function serviceName(name: string): ServiceName {
  const known = SERVICE_NAMES.find((one) => one === name);
  if (known === undefined) throw new InvalidArgumentError(`${name} is no service; there are ${SERVICE_NAMES.join(', ')}`);
  return known;
}

function collectService(text: string, before: Partial<Record<ServiceName, string>> = {}): Partial<Record<ServiceName, string>> {
  const at = text.indexOf('=');
  const url = text.slice(at + 1);
  if (at < 1 || !URL.canParse(url) || !/^https?:/.test(url)) throw new InvalidArgumentError('NAME=URL was expected, as fulcio=https://fulcio.example');
  return { ...before, [serviceName(text.slice(0, at))]: url.replace(/\/$/, '') };
}

function originUrl(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol) || new URL(text).pathname !== '/') {
    throw new InvalidArgumentError('a scheme and a host were expected, without a path, as https://sigstore.example');
  }
  return new URL(text).origin;
}

function seconds(text: string): number {
  if (!/^\d{1,4}s?$/.test(text)) throw new InvalidArgumentError('a number of seconds was expected');
  return Number.parseInt(text, 10);
}

const UP_EXAMPLES = `
Examples:
  assay stack up
  assay stack up --data ./sigstore --listen 127.0.0.1:4100
  assay stack up --listen 0.0.0.0:4100 --public-url https://sigstore.example
  assay stack up --only rekor,tsa
  assay stack up --elsewhere oidc=https://accounts.example.com
  assay stack up --elsewhere fulcio=https://fulcio.example --elsewhere-trust trusted_root.json

Keys lie open in the folder, readable by their owner alone, unless ASSAY_STACK_PASSPHRASE is set at the first start, and then always.
`;

const TOKEN_EXAMPLES = `
Examples:
  assay stack token --email me@example.com
  assay stack token --github repo=example/app,workflow=release.yml,ref=refs/tags/v1.2.3
  assay sign --identity-token "$(assay stack token --email me@example.com)" app.tar.gz
`;
