/** `assay lock …`: who signed what the first time. Read only when it is asked for. */
import type { Command } from 'commander';
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
  command
    .argument('<thing...>', 'a path, or an image reference (oci:// and file: force it)')
    .option('--lock <file>', 'the lock', LOCK_FILE)
    .option('--bundle <file>', 'the evidence; default: what lies beside the file, or in the registry');
  shared.whoSigned(command);
  shared.howBuilt(command);
  command.option('--rekor-url <url>', 'the log to ask for provenance without proof; default: that of the trusted root');
  shared.judgedBy(command);
  command.addOption(shared.sideRepository());
  shared.registries(command);
  command.addOption(shared.full());
  return command;
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
