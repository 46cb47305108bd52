/** `assay pin`. Read only when it is asked for. */
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import type { PinFlags } from './pin.ts';

/** Makes `group` the command; it tells `end` its exit status. */
export function addPinCommands(group: Command, io: Io, end: (status: number) => void): void {
  group
    .description(
      'Puts verified digests into files: Kubernetes manifests, Helm values, kustomizations, Compose files, Dockerfiles, GitHub workflows, and OCI sources' +
        ' of Flux and Argo CD. Each reference is resolved once and verified; the digest that was verified is the one that is written. Every other byte stays.',
    )
    .argument('[path...]', 'files, and folders to search; default: the current folder')
    .option('--check', 'write nothing; tell what is not pinned, or not verified, and end with status 1')
    .option('--patch', 'write nothing; print the changes as a unified diff')
    .option('--update', 'resolve the tags of pinned references again, and follow those that moved')
    .option('--drop-tag', 'write NAME@DIGEST; default: NAME:TAG@DIGEST')
    .option('--except <reference>', 'leave references alone that match, * standing for anything; may be repeated', shared.list)
    .option('--policy <file>', 'a policy of any dialect that every reference must meet')
    .addOption(shared.trustRootOfPolicy());
  shared.whoSigned(group);
  group
    .option('--source <repository>', 'what everything must be built from, as github.com/OWNER/REPO')
    .option('--builder <id>', 'with --source: who must have built it')
    .option('--type <type>', 'the predicate type that an attestation must have: a URI or a short name such as cyclonedx')
    .option('-a, --annotation <key=value>', 'annotation that must be signed; may be repeated', shared.pairs)
    .option('--no-verify', 'pin whatever the tags name now, without verifying it');
  shared.judgedBy(group);
  group.addOption(shared.sideRepository());
  shared.registries(group);
  group
    .addOption(shared.output())
    .addOption(shared.full())
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], flags: PinFlags) => end(await (await import('./pin.ts')).runPin(paths, flags, io)));
}

const EXAMPLES = `
Examples:
  # verify by a policy, and write the digests
  assay pin deploy/ --policy assay.policy.yaml

  # in CI: fail when something is not pinned, or is pinned to what the policy refuses
  assay pin --check --policy assay.policy.yaml

  # see the changes, and apply them
  assay pin --patch --policy assay.policy.yaml deploy/ | git apply

  # signed by one workflow; some images are built here, and pinned by nobody
  assay pin compose.yaml Dockerfile --except 'localhost/*' --except myapp \\
    --identity https://github.com/OWNER/REPO/.github/workflows/release.yml@refs/tags/v1.2.3 \\
    --issuer https://token.actions.githubusercontent.com

  # tags have moved: follow them, as far as the policy allows
  assay pin --update --policy assay.policy.yaml charts/app/values.yaml

What is pinned: image: nginx:1.25 becomes nginx:1.25@sha256:…; where tag and digest have keys of their own (Helm values, kustomizations, OCIRepository), digest: is
filled in or added. Digests are those of whole images, for all platforms. References that are pinned already keep their digest, and are verified as well.
What is not: GitHub actions (uses: owner/repo@ref) are no images. References with variables, in block scalars, or in formats that have no place for a digest
(dependencies of Chart.yaml, helmCharts) are named with the reason, and fail --check; --except silences them. What templates fill in is named, and fails nothing.

All or nothing: when one reference is refused, or cannot be resolved, no file is written. In folders .git, node_modules and links that lead out are passed over;
a file found there that cannot be read is named and passed over, one that you name yourself is an error. Exit status: 0 done (with --check: all is pinned and
verified), 1 refused, or with --check something is not pinned; 2 usage, 3 something needed is unavailable, 4 a file that you named cannot be read
`;
