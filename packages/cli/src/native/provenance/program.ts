/** `assay provenance …`: how something was built, made and shown. Read only when it is asked for. */
import { type Command, Option } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import type { GenerateFlags } from './generate.ts';
import type { ShowFlags } from './show.ts';

/** Adds the commands to `provenance`; each tells `end` its exit status. */
export function addProvenanceCommands(provenance: Command, io: Io, end: (status: number) => void): void {
  addGenerate(provenance).action(async (things: string[], flags: GenerateFlags) => end(await (await import('./generate.ts')).runGenerate(things, flags, io)));
  addShow(provenance).action(async (thing: string, flags: ShowFlags) => end(await (await import('./show.ts')).runShow(thing, flags, io)));
}

function addGenerate(provenance: Command): Command {
  return provenance
    .command('generate')
    .summary('state how files, images or charts were built, and sign it')
    .description(
      'Makes SLSA provenance. What verifiers compare comes from the identity token of the CI job, and not from variables: what is unknown, or said in two ways,' +
        ' is not stated. Files get one bundle for all of them, images and charts one each in their registry.',
    )
    .argument('[thing...]', 'a path, or an image reference (oci:// and file: force it)')
    .option('--subjects-file <file>', 'the output of sha256sum, or - for standard input')
    .option('-f, --subjects-filename <file>', 'the same in base64, as jobs hand it on')
    .option('--subjects <base64>', 'the same on the command line, up to about 900 subjects')
    .addOption(new Option('--builder <name>', 'what runs here; default: whichever is found').choices(['github', 'gitlab', 'local']))
    .addOption(new Option('--predicate-version <version>', 'of SLSA provenance; v0.2 on GitHub alone').choices(['v1', 'v0.2']).default('v1'))
    .addOption(new Option('--format <format>', 'a Sigstore bundle, or the envelope of older generators').choices(['bundle', 'envelope']).default('bundle'))
    .option('-g, --bundle <file>', 'new file below the working directory; default NAME.intoto.jsonl or multiple.intoto.jsonl, for images none')
    .option('--predicate-only <file>', 'write the predicate to a new file, and sign nothing')
    .addOption(new Option('--attach <how>', 'of images: as a referrer, or in the .att tag').choices(['referrer', 'att']).default('referrer'))
    .option('--no-store', 'do not store it in the registry')
    .option('--builder-id <uri>', 'local: who builds')
    .option('--build-type <uri>', 'local: what kind of build it is')
    .option('--parameter <key=value>', 'local: what whoever started the build chose; may be repeated', shared.pairs)
    .option('--source <uri>', 'local: what was built, as git+https://HOST/PROJECT@refs/heads/BRANCH')
    .option('--commit <hex>', 'local: the commit of it')
    .option('--key <ref>', 'private key: file, env://NAME, k8s://, pkcs11:, hashivault://; default: none, but the identity of the job')
    .option('--identity-token <token>', 'token of the job, or the file that holds it; default: what the CI service gives')
    .option('--oidc-issuer <url>', "with --key or --predicate-only: whose tokens are believed; default the service's own")
    .addOption(shared.yes())
    .addOption(shared.signingConfig())
    .addOption(shared.trustConfig())
    .option('--trusted-root <file>', 'trusted_root.json of the Sigstore instance; what its services say is verified with it')
    .addOption(shared.storeElsewhere())
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .addHelpText('after', GENERATE_EXAMPLES);
}

function addShow(provenance: Command): Command {
  return provenance
    .command('show')
    .summary('show who built something, from what and how')
    .description(
      'Shows what provenance says, and who says it: the certificate, which an authority has made, or the provenance, which only the signer has. Verifies nothing.',
    )
    .argument('<thing>', 'evidence (bundle, envelope, .jsonl, answer of npm or gcloud), a file that has some beside it, or an image; - for standard input')
    .option('--side-repository <repository>', 'where evidence of an image may lie besides (or COSIGN_REPOSITORY)')
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .addOption(shared.offline())
    .addOption(shared.output())
    .addHelpText('after', SHOW_EXAMPLES);
}

const SHOW_EXAMPLES = `
Examples:
  # a file of evidence, or a file that has some beside it
  assay provenance show multiple.intoto.jsonl
  assay provenance show app.tar.gz

  # what an image has in its registry, for machines
  assay provenance show ghcr.io/OWNER/APP:1.2.3 --output json

  # an npm package, and an image that Cloud Build has made
  curl -s "$(npm config get registry)-/npm/v1/attestations/NAME@VERSION" | assay provenance show -
  gcloud artifacts docker images describe IMAGE --format json --show-provenance | assay provenance show -

It shows and does not verify: that is what assay verify --source is for. Exit status: 0 shown, 4 nothing of it can be read
`;

const GENERATE_EXAMPLES = `
Examples:
  # in a job of GitHub Actions or GitLab CI: writes app.tar.gz.intoto.jsonl
  assay provenance generate app.tar.gz

  # of what another job has built; writes multiple.intoto.jsonl
  sha256sum dist/* | assay provenance generate --subjects-file -

  # an image, by digest; the second one where slsa-verifier looks
  assay provenance generate ghcr.io/OWNER/APP@sha256:…
  assay provenance generate --predicate-version v0.2 --attach att ghcr.io/OWNER/APP@sha256:…

  # on a machine of one's own: what is stated is one's own word
  assay provenance generate --builder local --key cosign.key --builder-id https://OWNER.example/builder --build-type https://OWNER.example/make app.tar.gz

Provenance goes to Rekor v1 where the instance has one, since slsa-verifier knows no other. Sigstore clients refuse statements with more than 1024
subjects. In a step with the variable GITHUB_OUTPUT, provenance-name and provenance-sha256 are set.

On GitHub the job needs the permission id-token: write; which Build level is reached where, and why: docs/slsa-levels.md

The password of the key comes from COSIGN_PASSWORD, or is asked for. Exit status: as for verify
`;
