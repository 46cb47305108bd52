/** `assay policy …`: policies of every dialect. Read only when it is asked for. */
import { type Command, Option } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import type { CheckFlags } from './check.ts';
import type { ConvertFlags } from './convert.ts';
import type { LearnFlags } from './learn.ts';
import type { SimulateFlags } from './simulate.ts';
import type { TestFlags } from './test.ts';

/** Adds the commands to `policy`; each tells `end` its exit status. */
export function addPolicyCommands(policy: Command, io: Io, end: (status: number) => void): void {
  addCheck(policy).action(async (files: string[], flags: CheckFlags) => end(await (await import('./check.ts')).runCheck(files, flags, io)));
  addTest(policy).action(async (file: string, flags: TestFlags) => end(await (await import('./test.ts')).runTest(file, flags, io)));
  addConvert(policy).action(async (source: string, flags: ConvertFlags) => end(await (await import('./convert.ts')).runConvert(source, flags, io)));
  addSimulate(policy).action(async (flags: SimulateFlags) => end(await (await import('./simulate.ts')).runSimulate(flags, io)));
  addLearn(policy).action(async (images: string[], flags: LearnFlags) => end(await (await import('./learn.ts')).runLearn(images, flags, io)));
}

function addCheck(policy: Command): Command {
  return policy
    .command('check')
    .summary('validate policies of every dialect')
    .description('Validates policies: our own, ClusterImagePolicy, TrustRoot, and those of Kyverno, with the texts of whoever would refuse them.')
    .argument('<file...>', 'policies, or - for standard input')
    .addOption(shared.output())
    .addHelpText('after', CHECK_EXAMPLES);
}

function addTest(policy: Command): Command {
  return judging(policy.command('test').summary('judge images and files by a policy'))
    .description('Says what policies say of images and files, and shows the proof. The same evaluation as in the cluster.')
    .argument('<file>', 'policies, or - for standard input')
    .option('--image <reference>', 'an image to judge; may be repeated', shared.list)
    .option('--file <path>', 'a file to judge, with the bundle beside it; may be repeated', shared.list)
    .option('--bundle <file>', 'the bundle of the file')
    .option('--resource <file>', 'the Kubernetes object that uses the images')
    .addHelpText('after', TEST_EXAMPLES);
}

function addConvert(policy: Command): Command {
  return policy
    .command('convert')
    .summary('write a policy in another dialect')
    .description(
      'Writes policies in another dialect, and says what cannot be expressed there, item by item. What would admit more than before is refused, unless' +
        ' --allow-loss says that this is known.',
    )
    .argument('<source>', 'policies, - for standard input, or with --flags a command line of cosign, slsa-verifier or gh')
    .addOption(
      new Option('--to <dialect>', 'the dialect to write')
        .choices(['native', 'cluster-image-policy', 'kyverno', 'image-validating-policy', 'cosign'])
        .makeOptionMandatory(),
    )
    .option('--flags', 'the source is a command line; it is read, and not run')
    .option('--name <name>', 'of the policy that a command line becomes', 'converted')
    .option('--allow-loss', 'write it even when it admits more')
    .addHelpText('after', CONVERT_EXAMPLES);
}

function addSimulate(policy: Command): Command {
  return policy
    .command('simulate')
    .summary('say which workloads of a cluster would be denied at their next start')
    .description(
      'Puts the workloads of a live cluster through the webhooks as if they were made now, with the policies of the cluster, or with those of files instead.' +
        ' Reads, and writes nothing.',
    )
    .addOption(new Option('--policy <file>', 'policies in place of those of the cluster; may be repeated').argParser(shared.list))
    .option('--besides', 'the policies of files come on top of those of the cluster')
    .option('--kyverno', "Kyverno's policies of the cluster too, which are about all namespaces")
    .option('--kyverno-exceptions <namespace>', "the namespace whose PolicyExceptions count, '*' for all; default: none count")
    .addOption(new Option('--namespace <name>', 'only there; may be repeated; default: where enforcement is asked for').argParser(shared.list))
    .option('--all-namespaces', 'everywhere')
    .option('--kubeconfig <file>', 'the cluster; default: KUBECONFIG, that of the pod, or ~/.kube/config')
    .addOption(new Option('--system-namespace <name>', 'where settings and secrets of policies are').env('SYSTEM_NAMESPACE').default('cosign-system'))
    .addOption(shared.trustedRoot())
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .addOption(shared.output())
    .addHelpText('after', SIMULATE_EXAMPLES);
}

function addLearn(policy: Command): Command {
  return policy
    .command('learn')
    .summary('write the tightest policy that covers what is there')
    .description(
      'Looks at all evidence of the images, verifies it with whoever signed, and prints the tightest policy that covers them. What verifies with nobody teaches nothing.',
    )
    .argument('<image...>', 'image references')
    .option('--name <name>', 'of the policy', 'learned')
    .addOption(shared.trustedRoot())
    .addOption(shared.requireFreshRoot())
    .option('--key <file>', 'a public key that may have signed; may be repeated', shared.list)
    .option('--side-repository <repository>', 'where evidence lies instead (or COSIGN_REPOSITORY)')
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .addHelpText('after', LEARN_EXAMPLES);
}

function judging(command: Command): Command {
  return command
    .option('--trust-root <file>', 'a TrustRoot that policies name, or NAME=trusted_root.json; may be repeated', shared.list)
    .addOption(shared.trustedRoot())
    .addOption(shared.offline())
    .addOption(shared.requireFreshRoot())
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .addOption(shared.output())
    .addOption(shared.full());
}

const CHECK_EXAMPLES = `
Examples:
  assay policy check assay.policy.yaml
  assay policy check policies/*.yaml --output json

Exit status: 0 valid, 1 findings, 2 usage, 4 no policy at all
`;

const TEST_EXAMPLES = `
Examples:
  assay policy test assay.policy.yaml --image ghcr.io/OWNER/APP:1.2.3
  assay policy test assay.policy.yaml --file app.tar.gz
  assay policy test cluster-image-policy.yaml --image ghcr.io/OWNER/APP:1.2.3 --resource deployment.yaml --trust-root my-root.yaml

Exit status: 0 let in (or only warned about), 1 refused or covered by no policy, 2 usage, 3 something needed is unavailable, 4 malformed input
`;

const CONVERT_EXAMPLES = `
Examples:
  assay policy convert cluster-image-policy.yaml --to native
  assay policy convert assay.policy.yaml --to kyverno
  assay policy convert --flags 'cosign verify --key cosign.pub ghcr.io/OWNER/APP:1.2.3' --to native

Exit status: 0 converted, 1 refused since it would admit more, 2 usage, 4 malformed input
`;

const SIMULATE_EXAMPLES = `
Examples:
  assay policy simulate
  assay policy simulate --policy assay.policy.yaml --all-namespaces
  assay policy simulate --namespace production --output json

Exit status: 0 nothing would be denied, 1 something would, 2 usage, 3 something needed is unavailable, 4 malformed input
`;

const LEARN_EXAMPLES = `
Examples:
  assay policy learn ghcr.io/OWNER/APP:1.2.3 ghcr.io/OWNER/APP:1.2.4 > assay.policy.yaml
  assay policy learn ghcr.io/OWNER/APP:1.2.3 --key cosign.pub

Exit status: 0 learned, 1 nothing that verifies was found, 2 usage, 3 something needed is unavailable
`;
