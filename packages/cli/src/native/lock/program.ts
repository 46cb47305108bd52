/** `assay lock …`: who signed what the first time. Read only when it is asked for. */
import { type Command, Option } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import type { VerifyFlags } from '../verify.ts';
import type { AddFlags } from './add.ts';
import { LOCK_FILE } from './lock-file.ts';

/** Adds the commands to `group`; each tells `end` its exit status. */
export function addLockCommands(group: Command, io: Io, end: (status: number) => void): void {
  addAdd(group).action(async (things: string[], flags: AddFlags) => end(await (await import('./add.ts')).runAdd(things, flags, io)));
  addCheck(group).action(async (things: string[], { lock, ...flags }: VerifyFlags & { readonly lock: string }) =>
    end(await (await import('./verify.ts')).verifyByLock(lock, things, flags, io)),
  );
}

function addAdd(group: Command): Command {
  return demands(group.command('add').summary('keep who signed files and images'))
    .description(
      'Verifies files, images and charts, and keeps in the lock who signed each of them, who built it, and how much the evidence proves. Prints the change of' +
        ' the lock. What is in the lock already has to agree with it, and is left as it is.',
    )
    .option('--update', 'write what differs, instead of refusing it')
    .option('--policy <file>', 'a policy of any dialect that must let them in besides')
    .option('--trust-root <file>', 'with --policy: a TrustRoot that it names, or NAME=trusted_root.json; may be repeated', shared.list)
    .addHelpText('after', ADD_EXAMPLES);
}

function addCheck(group: Command): Command {
  return demands(group.command('check').summary('verify files and images, and compare them with the lock'))
    .description('Verifies files, images and charts, and compares who signed them with the lock. Writes nothing. The same as assay verify THING --lock.')
    .option('--recursive', 'every image of an index must agree with the lock too')
    .option('--platform <os/arch>', 'tell the digest of one platform of a verified index')
    .option('--print-ref', 'print the verified reference, HOST/REPOSITORY@DIGEST, and nothing else')
    .option('--all', 'look at all evidence, also after one piece agrees with the lock')
    .addOption(shared.output())
    .addHelpText('after', CHECK_EXAMPLES);
}

/** As of `assay verify`. */
function demands(command: Command): Command {
  return command
    .argument('<thing...>', 'a path, or an image reference (oci:// and file: force it)')
    .option('--lock <file>', 'the lock', LOCK_FILE)
    .option('--bundle <file>', 'the evidence; default: what lies beside the file, or in the registry')
    .addOption(shared.identity())
    .addOption(shared.identityRegexp())
    .addOption(shared.issuer())
    .addOption(shared.issuerRegexp())
    .addOption(shared.keyToVerify())
    .option('--source <repository>', 'what it must be built from, as github.com/OWNER/REPO')
    .option('--tag <name>', 'the tag it must be built from')
    .option('--branch <name>', 'the branch it must be built from')
    .option('--commit <hex>', 'the commit it must be built from')
    .option('--builder <id>', 'who must have built it, NAME or NAME@REF')
    .option('--trigger <event>', 'what must have started the build; default: anything but a pull request')
    .option('--deny-self-hosted-runners', 'it must be built on machines of the platform')
    .option('--rekor-url <url>', 'the log to ask for provenance without proof; default: that of the trusted root')
    .addOption(shared.trustedRoot())
    .addOption(shared.offline())
    .addOption(shared.requireFreshRoot())
    .addOption(new Option('--log-threshold <n>', 'transparency logs that must have recorded the signing').default(1).argParser(shared.count))
    .addOption(new Option('--sct-threshold <n>', 'certificate transparency logs that must vouch for the certificate').default(1).argParser(shared.count))
    .addOption(new Option('--timestamp-threshold <n>', 'timestamp authorities that must have seen the signature').default(0).argParser(shared.count))
    .option('--side-repository <repository>', 'where evidence may lie besides (or COSIGN_REPOSITORY)')
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .addOption(shared.full());
}

const ADD_EXAMPLES = `
Examples:
  # who signed it is looked at, and trusted from now on: review the change before you commit it
  assay lock add ghcr.io/OWNER/APP:1.2.3
  git diff assay.lock

  # only what is built from this repository; a chart; a file with the bundle beside it
  assay lock add ghcr.io/OWNER/APP:1.2.3 --source github.com/OWNER/REPO
  assay lock add oci://ghcr.io/OWNER/charts/APP:1.2.3
  assay lock add app-1.2.3-linux-amd64.tar.gz

  # a key, of which the lock keeps the fingerprint
  assay lock add ghcr.io/OWNER/APP:1.2.3 --key cosign.pub

  # another signer from now on, or more evidence than before
  assay lock add ghcr.io/OWNER/APP:2.0.0 --update

Names of files have versions: write a * for it in assay.lock, as app-*-linux-amd64.tar.gz.
Exit status: 0 kept, 1 refused: nothing is written; 2 usage, 3 something needed is unavailable, 4 malformed input
`;

const CHECK_EXAMPLES = `
Examples:
  assay lock check ghcr.io/OWNER/APP:1.2.4
  assay verify ghcr.io/OWNER/APP:1.2.4 --lock

  # deploy what was verified, and nothing else
  ref=$(assay lock check ghcr.io/OWNER/APP:1.2.4 --print-ref)

Exit status: 0 agrees, 1 rejected, 2 usage, 3 something needed is unavailable, 4 malformed input
`;
