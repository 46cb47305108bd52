/** `assay kit …`: one file for the other side of an air gap. Read only when it is asked for. */
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import { demandOptions, pinOptions } from './demands.ts';
import type { ExportFlags } from './export.ts';
import type { ImportFlags } from './import.ts';
import type { ShowFlags } from './show.ts';
import type { KitVerifyFlags } from './verify.ts';

/** Adds the commands to `group`; each tells `end` its exit status. */
export function addKitCommands(group: Command, io: Io, end: (status: number) => void): void {
  addExport(group).action(async (things: string[], flags: ExportFlags) => end(await (await import('./export.ts')).runExport(things, flags, io)));
  addVerify(group).action(async (file: string, flags: KitVerifyFlags) => end(await (await import('./verify.ts')).runKitVerify(file, flags, io)));
  addImport(group).action(async (file: string, target: string, flags: ImportFlags) =>
    end(await (await import('./import.ts')).runKitImport(file, target, flags, io)),
  );
  addShow(group).action(async (file: string, flags: ShowFlags) => end(await (await import('./show.ts')).runShow(file, flags, io)));
}

function addExport(group: Command): Command {
  const command = group
    .command('export')
    .summary('put things and all that proves them into one file')
    .description(
      'Writes images, charts and files with all their evidence, the trusted root and the policy into one file. What does not verify by what goes into the file' +
        ' is not exported.',
    )
    .argument('<thing...>', 'an image or chart reference, a folder with an OCI layout, or a file (oci:// and file: force it)')
    .requiredOption('--output <file>', 'the kit');
  return demandOptions(command)
    .option('--bundle <file>', 'the bundle of the one thing; default: those beside the file, and those of the registry')
    .option('--platform <os/arch>', 'of an index, this image alone')
    .option('--unverified', 'export without verification, or what does not verify; the kit says so')
    .option('--force', 'overwrite a file that is there')
    .addOption(shared.trustedRoot())
    .addOption(shared.offline())
    .addOption(shared.requireFreshRoot())
    .option('--side-repository <repository>', 'where evidence may lie besides (or COSIGN_REPOSITORY)')
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .addHelpText('after', EXPORT_EXAMPLES);
}

function addVerify(group: Command): Command {
  const command = group
    .command('verify')
    .summary('verify a kit without any network')
    .description(
      'Holds every byte of a kit against its list, and verifies all that is in it as assay verify does. No socket is opened. Without demands of your own those of' +
        ' the policy in the kit are used, and the output says so.',
    )
    .argument('<file>', 'the kit');
  return pinOptions(demandOptions(command)).addOption(shared.output()).addOption(shared.full()).addHelpText('after', VERIFY_EXAMPLES);
}

function addImport(group: Command): Command {
  const command = group
    .command('import')
    .summary('verify a kit and put it into a registry or a folder')
    .description(
      'Verifies a kit, and puts its images and charts with their evidence into a registry, below the target and under their own names; tags come last, and a run' +
        ' that broke off is continued by the next. Or into a folder: an OCI layout, and the files.',
    )
    .argument('<file>', 'the kit')
    .argument('<target>', 'HOST[:PORT][/PATH] of a registry, or a folder (as ./FOLDER)');
  return pinOptions(demandOptions(command))
    .option('--files <folder>', 'with a registry: where the files of the kit go')
    .option('--trust [folder]', 'write the trusted root and the policy too; into the target when that is a folder')
    .option('--force', 'move tags and overwrite files that are something else')
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .addHelpText('after', IMPORT_EXAMPLES);
}

function addShow(group: Command): Command {
  return group
    .command('show')
    .summary('tell what is in a kit')
    .description('Tells what a kit says of itself: its things, its trusted root with its age, its policy. Nothing of it is verified.')
    .argument('<file>', 'the kit')
    .addOption(shared.output())
    .addHelpText('after', '\nExamples:\n  assay kit show release.kit\n  assay kit show release.kit --output json\n');
}

const EXPORT_EXAMPLES = `
Examples:
  # an image and a chart, by a policy that goes along; prints the digest of the kit
  assay kit export ghcr.io/OWNER/APP:1.2.3 oci://ghcr.io/OWNER/charts/APP:1.2.3 --policy assay.policy.yaml --output release.kit

  # a file with the bundle beside it, of a GitHub workflow
  assay kit export app.tar.gz --source github.com/OWNER/REPO --tag v1.2.3 --output release.kit

  # one platform, and a private instance
  assay kit export ghcr.io/OWNER/APP:1.2.3 --platform linux/arm64 --key cosign.pub --trusted-root trusted_root.json --output release.kit

Exit status: 0 exported, 1 rejected, 2 usage, 3 something needed is unavailable, 4 malformed input
`;

const VERIFY_EXAMPLES = `
Examples:
  # by your own policy and trusted root
  assay kit verify release.kit --policy assay.policy.yaml --trusted-root trusted_root.json

  # by those of the kit, whose digest came by another way
  assay kit verify release.kit --kit-digest sha256:…

  # by its trusted root, when it is not older than a month
  assay kit verify release.kit --max-root-age 30 \\
    --identity https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/tags/v1.2.3 \\
    --issuer https://token.actions.githubusercontent.com

Exit status: 0 verified, 1 rejected, 2 usage, 4 malformed: not a kit, or cut off
`;

const IMPORT_EXAMPLES = `
Examples:
  # ghcr.io/OWNER/APP becomes registry.example/mirror/OWNER/APP
  assay kit import release.kit registry.example/mirror --policy assay.policy.yaml --trusted-root trusted_root.json

  # files, trusted root and policy too
  assay kit import release.kit registry.example/mirror --kit-digest sha256:… --files ./downloads --trust ./trust

  # into a folder: an OCI layout, and files/
  assay kit import release.kit ./release --kit-digest sha256:…

Exit status: as for kit verify; 3 when the registry is unavailable: run it again, and it goes on
`;
