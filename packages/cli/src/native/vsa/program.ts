/** `assay vsa …`: verification summaries. Read only when it is asked for. */
import { type Command, Option } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import type { MakeFlags } from './make.ts';
import type { VsaVerifyFlags } from './verify.ts';

/** Adds the commands to `group`; each tells `end` its exit status. */
export function addVsaCommands(group: Command, io: Io, end: (status: number) => void): void {
  addMake(group).action(async (things: string[], flags: MakeFlags) => end(await (await import('./make.ts')).runMake(things, flags, io)));
  addVerify(group).action(async (thing: string | undefined, flags: VsaVerifyFlags) => end(await (await import('./verify.ts')).runVsaVerify(thing, flags, io)));
}

function addMake(group: Command): Command {
  const make = group
    .command('make')
    .summary('sign what a verification has shown')
    .description(
      'Signs a summary of a verification, so that others need not repeat it. With --source it runs the verification itself, signs only when that has passed,' +
        ' and states the level that the evidence supports. Otherwise result and levels are your own word. Files get one summary together, images one each.',
    )
    .argument('[thing...]', 'a path, a digest, or an image reference (oci:// and file: force it)')
    .requiredOption('--verifier <uri>', 'who verifies: what consumers trust to have looked')
    .requiredOption('--resource-uri <uri>', 'what was verified, as its users know it: pkg:…, https://…, oci://…')
    .requiredOption('--policy-uri <uri>', 'what it was held against')
    .option('--policy <file>', 'that policy; its digest is stated')
    .addOption(new Option('--result <result>', 'how the verification ended; your own word').choices(['PASSED', 'FAILED']))
    .option('--level <level>', 'a level or property, as SLSA_BUILD_LEVEL_3; may be repeated', shared.list)
    .option('--input-attestation <file[,uri]>', 'evidence that was looked at; its digest is stated; may be repeated', shared.list)
    .option('--subject-digest <type:value>', 'a subject by its digest, as gitCommit:HEX; may be repeated', shared.list)
    .option('--source-ref <ref>', 'of a source: a branch or tag in full that was at this commit; may be repeated', shared.list)
    .option('--source <repository>', 'verify: what it must be built from, as github.com/OWNER/REPO')
    .option('--tag <name>', 'verify: the tag it must be built from')
    .option('--branch <name>', 'verify: the branch it must be built from')
    .option('--commit <hex>', 'verify: the commit it must be built from')
    .option('--builder <id>', 'verify: who must have built it, NAME or NAME@REF')
    .option('--trigger <event>', 'verify: what must have started the build')
    .option('--deny-self-hosted-runners', 'verify: it must be built on machines of the platform')
    .option('--evidence <file>', 'verify: the evidence; default as assay verify --source finds it')
    .option('--evidence-root <file>', "verify: trusted_root.json of the evidence's instance (default: public Sigstore, or ASSAY_TRUST)")
    .addOption(new Option('--format <format>', 'of files: a Sigstore bundle, or a bare envelope').choices(['bundle', 'envelope']).default('bundle'))
    .option('--bundle <file>', 'where it is written; default FILE.vsa.json, and nowhere for images')
    .option('--no-store', 'do not store it in the registry of the image');
  shared.whoSigns(make);
  make
    .addOption(shared.signingConfig())
    .addOption(shared.trustConfig())
    .option('--trusted-root <file>', 'trusted_root.json of the instance that signs; what its services say is verified with it')
    .addOption(shared.storeElsewhere());
  shared.registries(make);
  make.option('--force', 'overwrite a file that is there').addHelpText('after', MAKE_EXAMPLES);
  return make;
}

function addVerify(group: Command): Command {
  return group
    .command('verify')
    .summary('verify a summary')
    .description('Verifies that a verifier that you trust has signed a summary of this very thing, that it passed, and at which level.')
    .argument('[thing]', 'a path, a digest, - for standard input, or an image reference (oci:// and file: force it)')
    .requiredOption('--verifier <uri>', 'who must have verified')
    .requiredOption('--resource-uri <uri>', 'what must have been verified')
    .option('--level <level>', 'a level or property that it must have at least, as SLSA_BUILD_LEVEL_3; may be repeated', shared.list)
    .option('--subject-digest <type:value>', 'a digest that it must be about besides; may be repeated', shared.list)
    .option('--source-ref <ref>', 'of a source: the branch or tag in full that must have been at this commit')
    .option('--bundle <file>', 'the summary, a bundle or an envelope; default FILE.vsa.json')
    .addOption(shared.keyToVerify())
    .option('--key-id <name>', 'how envelopes call that key; default: its OpenSSH fingerprint, or nothing')
    .addOption(shared.identity())
    .addOption(shared.identityRegexp())
    .addOption(shared.issuer())
    .addOption(shared.issuerRegexp())
    .addOption(shared.trustedRoot())
    .addOption(new Option('--log-threshold <n>', 'transparency logs that must have recorded it; default 1, with --key 0').argParser(shared.count))
    .addOption(shared.offline())
    .addOption(shared.requireFreshRoot())
    .option('--side-repository <repository>', 'where evidence of an image may lie besides (or COSIGN_REPOSITORY)')
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .addOption(shared.output())
    .addOption(shared.full())
    .addHelpText('after', VERIFY_EXAMPLES);
}

const MAKE_EXAMPLES = `
Examples:
  # verify a release file, and sign that it passed: writes app.tar.gz.vsa.json
  assay vsa make app.tar.gz --source github.com/OWNER/REPO --tag v1.2.3 \\
    --verifier https://OWNER.example/verifier --resource-uri https://OWNER.example/app-1.2.3.tar.gz \\
    --policy-uri https://OWNER.example/policy --key cosign.key

  # an image, stored beside it in the registry
  assay vsa make ghcr.io/OWNER/APP:1.2.3 --source github.com/OWNER/REPO --tag v1.2.3 \\
    --verifier https://OWNER.example/verifier --resource-uri oci://ghcr.io/OWNER/APP --policy-uri https://OWNER.example/policy

  # in your own words: what another tool has verified
  assay vsa make app.tar.gz --result PASSED --level SLSA_BUILD_LEVEL_2 --level OWNER_SCANNED --input-attestation scan.json \\
    --verifier https://OWNER.example/verifier --resource-uri https://OWNER.example/app-1.2.3.tar.gz \\
    --policy-uri https://OWNER.example/policy --policy policy.yaml --key cosign.key --format envelope

The level that is stated after a verification is 3 for builders of the SLSA project, 2 for other hosted builds with provenance, 1 for provenance of other
machines, 0 for a signature alone. The password of the key comes from COSIGN_PASSWORD, or is asked for. Exit status: as for verify; nothing is signed when
the verification fails
`;

const VERIFY_EXAMPLES = `
Examples:
  # a summary by a key, beside the file
  assay vsa verify app.tar.gz --key verifier.pub --level SLSA_BUILD_LEVEL_3 \\
    --verifier https://OWNER.example/verifier --resource-uri https://OWNER.example/app-1.2.3.tar.gz

  # of an image, by a workflow
  assay vsa verify ghcr.io/OWNER/APP@sha256:… --level SLSA_BUILD_LEVEL_2 \\
    --identity https://github.com/OWNER/REPO/.github/workflows/verify.yml@refs/heads/main \\
    --issuer https://token.actions.githubusercontent.com \\
    --verifier https://OWNER.example/verifier --resource-uri oci://ghcr.io/OWNER/APP

  # of a revision of source
  assay vsa verify --bundle source.vsa.json --subject-digest gitCommit:HEX --source-ref refs/heads/main --level SLSA_SOURCE_LEVEL_2 \\
    --key verifier.pub --verifier https://OWNER.example/verifier --resource-uri git+https://github.com/OWNER/REPO

Exit status: 0 verified, 1 rejected, 2 usage, 3 something needed is unavailable, 4 malformed input
`;
