/** `assay release`: everything that one file names, made, signed and published at once. Read only when it is asked for. */
import { type Command, Option } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import { maxInline } from '../sbom/max-inline.ts';
import type { ReleaseFlags } from './run.ts';

/** Adds arguments and options; the run tells `end` its exit status. */
export function addReleaseCommands(release: Command, io: Io, end: (status: number) => void): void {
  release
    .argument('[file]', 'what the release is made of', 'assay.release.yaml')
    .option('--release-version <version>', 'instead of the one in the file; default: the tag that CI builds, without the v in front')
    .option('--folder <folder>', 'where the release is written; default: release')
    .option('--dry-run', 'show every step, and do none')
    .option('--restart', 'forget a release that was begun and not finished')
    .addOption(new Option('--builder <name>', 'what runs here; default: whichever is found').choices(['github', 'gitlab', 'local']))
    .option('--builder-id <uri>', 'local: who builds')
    .option('--build-type <uri>', 'local: what kind of build it is')
    .option('--parameter <key=value>', 'local: what whoever started the build chose; may be repeated', shared.pairs)
    .option('--source <uri>', 'local: what was built, as git+https://HOST/PROJECT@refs/heads/BRANCH')
    .option('--commit <hex>', 'local: the commit of it; default: what git says')
    .addOption(maxInline());
  shared.whoSigns(release);
  shared.signingServices(release);
  shared.registries(release);
  release
    .addOption(shared.output())
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, flags: ReleaseFlags) => end(await (await import('./run.ts')).runReleaseCommand(file, flags, io)));
}

const EXAMPLES = `
The file (assay.release.yaml; paths start at its folder):
  name: app
  files: [dist/app-*.tar.gz]
  baseImages:
    - { image: 'gcr.io/distroless/static@sha256:…', identity: keyless@…, issuer: https://accounts.google.com }
  images:
    - { from: build/app, to: ghcr.io/OWNER/app }
  charts:
    - { from: charts/app, to: oci://ghcr.io/OWNER/charts, images: { image: app } }

Examples:
  # in a job of GitHub Actions for a tag, with id-token: write
  assay release

  # what would be done
  assay release --dry-run --release-version 1.4.0 --builder local --builder-id https://example.com/me --build-type https://example.com/by-hand

  # with a key, on one's own machine
  assay release --key cosign.key --release-version 1.4.0 --builder local --builder-id https://example.com/me --build-type https://example.com/by-hand

  # what was released, as its users look at it
  assay verify release --issuer https://token.actions.githubusercontent.com \\
    --identity https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/tags/v1.4.0

Nothing is pointed to before all of it is made, signed and verified: tags are set last, and the folder appears last. A run that was interrupted is continued by
running it again. Exit status: as for verify
`;
