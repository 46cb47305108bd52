/** `assay sbom …`: what is in things. Read only when it is asked for. */
import { type Command, Option } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import type { SbomAttestFlags } from './attest.ts';
import type { ExtractFlags } from './attested.ts';
import type { SbomDiffFlags } from './diff.ts';
import type { SbomMakeFlags } from './make.ts';
import { maxInline } from './max-inline.ts';
import type { SbomQueryFlags } from './query.ts';

/** Adds the commands to `group`; each tells `end` its exit status. */
export function addSbomCommands(group: Command, io: Io, end: (status: number) => void): void {
  // `query` has a --version of its own, behind its name.
  group.parent?.enablePositionalOptions();
  addMake(group).action(async (thing: string, flags: SbomMakeFlags) => end(await (await import('./make.ts')).runSbomMake(thing, flags, io)));
  addQuery(group).action(async (thing: string, flags: SbomQueryFlags) => end(await (await import('./query.ts')).runSbomQuery(thing, flags, io)));
  addDiff(group).action(async (before: string, after: string, flags: SbomDiffFlags) =>
    end(await (await import('./diff.ts')).runSbomDiff(before, after, flags, io)),
  );
  addExtract(group).action(async (thing: string, flags: ExtractFlags) => end(await (await import('./extract.ts')).runSbomExtract(thing, flags, io)));
  addAttest(group).action(async (things: string[], flags: SbomAttestFlags) => end(await (await import('./attest.ts')).runSbomAttest(things, flags, io)));
}

function addMake(group: Command): Command {
  const command = group
    .command('make')
    .summary('write what is in a thing')
    .description('Finds the packages in an image, an OCI layout, a folder or a file, and writes them as documents. Nothing in it is run.')
    .argument('<thing>', 'an image reference, an OCI layout, a docker-archive, a folder or a file (oci:// and file: force it)')
    .option('-o, --output <format[=file]>', 'cyclonedx-json, spdx-json, table or purls; to standard output without a file; may be repeated', shared.list)
    .option('--source-name <name>', 'what the documents call it')
    .option('--source-version <version>', 'which version they say it is')
    .option('--strict', 'exit status 1 when something in it could not be read');
  return fromRegistries(command).addHelpText('after', MAKE_EXAMPLES);
}

function addQuery(group: Command): Command {
  const command = group
    .command('query')
    .summary('ask which packages are in it')
    .description('Prints the packages that meet every wish, NAME@VERSION a line. Wishes of one kind are alternatives.')
    .argument('<thing>', 'an SBOM or an attestation, - for standard input; or what assay sbom make takes, which is then made')
    .option('--name <glob>', 'a name, with * and ?, or /PATTERN/ (RE2) anywhere in it; may be repeated', shared.list)
    .option('--contains <text>', 'a part of the name; may be repeated', shared.list)
    .option('--version <range>', "versions by the rules of their ecosystem: '>=1.2, <2', '^1.2', '1.2.3 || 1.2.4'; may be repeated", shared.list)
    .option('--license <id>', 'an SPDX identifier with * and ?, anywhere in an expression; A AND B, NONE; may be repeated', shared.list)
    .option('--purl <prefix>', 'what the package URL begins with, or the whole with *; may be repeated', shared.list)
    .option(
      '--type <type>',
      'deb, apk, rpm, npm, python, go-module, java-archive, rust-crate, binary, or as package URLs have it; may be repeated',
      shared.list,
    )
    .option('--depends-on <glob>', 'the name of what it depends on; may be repeated', shared.list)
    .option('--layer <digest>', 'the layer that brought it, or the beginning of its digest; may be repeated', shared.list)
    .addOption(new Option('--output <form>', 'what to print').choices(['text', 'json', 'purl', 'table']).default('text'))
    .option('--from-attestation', 'ask the SBOM of an attestation, which must verify');
  return withDemands(fromRegistries(command)).addHelpText('after', QUERY_EXAMPLES);
}

function addDiff(group: Command): Command {
  const command = group
    .command('diff')
    .summary('compare what is in two things')
    .description('Prints the packages that were removed (-), added (+), and that changed version or licence (~).')
    .argument('<before>', 'an SBOM, - for standard input; or what assay sbom make takes, which is then made')
    .argument('<after>', 'the same')
    .addOption(shared.output());
  return fromRegistries(command).addHelpText('after', DIFF_EXAMPLES);
}

function addExtract(group: Command): Command {
  const command = group
    .command('extract')
    .summary('take the SBOM out of an attestation')
    .description('Verifies the attestations of an image or a file, and writes the SBOM that the newest holds, or names by its digest.')
    .argument('<thing>', 'an image reference, an OCI layout, or a file with its bundle beside it (oci:// and file: force it)')
    .option('--type <type>', 'cyclonedx, spdxjson or another predicate type; default either of the two')
    .option('-o, --output <file>', 'where it is written; default standard output')
    .option('--sbom <file>', 'a copy of an SBOM that is attested by reference')
    .option('--download', 'fetch it from where the reference says, if the registry of the image does not have it');
  return withDemands(withRegistry(command)).addHelpText('after', EXTRACT_EXAMPLES);
}

function addAttest(group: Command): Command {
  const attest = group
    .command('attest')
    .summary('sign an SBOM of a thing')
    .description(
      'Signs that an SBOM is that of an image or a file, as assay attest does; the type is that of the document. What is too large for the log is attested' +
        ' by reference: the statement holds its digest, and the SBOM lies beside the image in the registry, or beside the file.',
    )
    .argument('[thing...]', 'a path, or an image reference (oci:// and file: force it)')
    .option('--sbom <file>', 'the SBOM, or - for standard input')
    .option('--make', 'make it of what is attested')
    .addOption(new Option('--format <format>', 'with --make: what is made').choices(['cyclonedx-json', 'spdx-json']).default('cyclonedx-json'))
    .option('--platform <os/arch>', 'with --make: which image of an index it is made of; default linux/amd64')
    .option('--by-reference', 'attest its digest alone')
    .option('--inline', 'refuse an SBOM that is too large, instead of attesting it by reference')
    .addOption(maxInline())
    .option('--download-location <url>', 'where others find an SBOM that is attested by reference');
  shared.whoSigns(attest);
  attest
    .option('--bundle <file>', 'where the bundle is written; default FILE.sigstore.json, and nowhere for images')
    .option('--no-store', 'do not store the bundle in the registry');
  shared.signingServices(attest);
  attest.addOption(shared.storeElsewhere()).option('--force', 'overwrite files that are there');
  return withRegistry(attest).addHelpText('after', ATTEST_EXAMPLES);
}

/** Where images come from. */
function fromRegistries(command: Command): Command {
  return withRegistry(command.option('--platform <os/arch>', 'which image of an index; default linux/amd64').addOption(shared.offline()));
}

function withRegistry(command: Command): Command {
  return command.addOption(shared.registryMirrors()).addOption(shared.plainHttp());
}

/** Who must have signed, and how that is judged: as `assay verify` has it. */
function withDemands(command: Command): Command {
  withOffline(command);
  shared.whoSigned(command);
  command
    .option('--policy <file>', 'a policy of any dialect, instead of who must have signed')
    .addOption(shared.trustRootOfPolicy())
    .option('--bundle <file>', 'the attestation; default beside the file, or wherever the registry has it')
    .addOption(shared.trustedRoot())
    .addOption(shared.requireFreshRoot());
  shared.thresholds(command);
  command.addOption(shared.sideRepository()).addOption(shared.full());
  return command;
}

function withOffline(command: Command): Command {
  return command.options.some(({ long }) => long === '--offline') ? command : command.addOption(shared.offline());
}

const MAKE_EXAMPLES = `
Examples:
  # CycloneDX of an image, on standard output
  assay sbom make ghcr.io/OWNER/APP:1.2.3 > app.cdx.json

  # both formats, and a table to look at
  assay sbom make ghcr.io/OWNER/APP:1.2.3 -o cyclonedx-json=app.cdx.json -o spdx-json=app.spdx.json -o table

  # a folder with its lock files; a program
  assay sbom make . -o table
  assay sbom make ./app-linux-amd64 --source-name app --source-version 1.2.3

The same input gives the same bytes: the time in a document is SOURCE_DATE_EPOCH, else when the image says that it was made.
Exit status: 0 written, 1 with --strict when something could not be read; 2 to 4 as for verify
`;

const QUERY_EXAMPLES = `
Examples:
  # which version of a module is in it
  assay sbom query app.cdx.json --contains k8s.io/client-go

  # what verify-attestation prints, or an image that is looked into
  cosign verify-attestation ghcr.io/OWNER/APP:1.2.3 --type cyclonedx … | assay sbom query - --name openssl
  assay sbom query ghcr.io/OWNER/APP:1.2.3 --type deb --name 'libssl*' --version '<3.0.14'

  # the SBOM that the maker has signed
  assay sbom query ghcr.io/OWNER/APP:1.2.3 --from-attestation --key cosign.pub --license 'GPL-*' --output table

Exit status: 0 something matches, 1 nothing does; 2 to 4 as for verify
`;

const DIFF_EXAMPLES = `
Examples:
  assay sbom diff old.cdx.json new.spdx.json
  assay sbom diff ghcr.io/OWNER/APP:1.2.2 ghcr.io/OWNER/APP:1.2.3
  assay sbom diff old.cdx.json . --output json

Exit status: 0 the same, 1 they differ; 2 to 4 as for verify
`;

const EXTRACT_EXAMPLES = `
Examples:
  assay sbom extract ghcr.io/OWNER/APP:1.2.3 -o app.cdx.json \\
    --identity https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/tags/v1.2.3 \\
    --issuer https://token.actions.githubusercontent.com

  # of a file, its bundle beside it; with a key
  assay sbom extract app.tar.gz --type spdxjson --key cosign.pub

Exit status: 0 verified and written, 1 rejected, 2 usage, 3 something needed is unavailable, 4 malformed input
`;

const ATTEST_EXAMPLES = `
Examples:
  # an SBOM that another tool has made
  syft ghcr.io/OWNER/APP:1.2.3 -o cyclonedx-json > app.cdx.json
  assay sbom attest --sbom app.cdx.json ghcr.io/OWNER/APP@sha256:…

  # made and attested at once, with a key
  assay sbom attest --make --key cosign.key ghcr.io/OWNER/APP@sha256:…

  # a file; the SBOM lies beside it, and the statement holds its digest
  assay sbom attest --sbom app.spdx.json --by-reference --key cosign.key app.tar.gz

The password of the key comes from COSIGN_PASSWORD, or is asked for. Exit status: as for verify
`;
