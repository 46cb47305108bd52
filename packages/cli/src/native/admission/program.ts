/** `assay admission …`: the webhook of a cluster. Read only when it is asked for. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Io } from '../../io.ts';
import * as shared from '../options.ts';
import { duration } from './duration.ts';
import type { ServeFlags } from './serve.ts';

/** Adds the commands to `admission`; each tells `end` its exit status. */
export function addAdmissionCommands(admission: Command, io: Io, end: (status: number) => void): void {
  addServe(admission).action(async (flags: ServeFlags) => end(await (await import('./serve.ts')).runServe(flags, io)));
}

function addServe(admission: Command): Command {
  return admission
    .command('serve')
    .summary('decide which images may run')
    .description(
      'Serves the webhooks that a Kubernetes API server asks before it lets images in: ClusterImagePolicies, TrustRoots and image policies of the cluster are' +
        ' watched, and every image must satisfy all that cover it. Denies what it cannot judge. Runs until it is told to stop.',
    )
    .addOption(new Option('--listen <host>', 'where reviews are answered, over TLS').default('127.0.0.1'))
    .addOption(new Option('--secure-port <port>', 'its port').argParser(port).default(8443))
    .addOption(new Option('--metrics-host <host>', 'where /metrics, /healthz and /readyz are answered, over plain HTTP').default('127.0.0.1'))
    .addOption(new Option('--metrics-port <port>', 'its port').argParser(port).default(9090))
    .option('--kubeconfig <file>', 'the cluster, from outside; default: that of the pod, or KUBECONFIG')
    .option('--no-cluster', 'no cluster: only policies of --policy are in force')
    .addOption(new Option('--policy <file>', 'a policy besides those of the cluster; may be repeated').argParser(shared.list))
    .addOption(
      new Option('--uncovered <what>', 'without a cluster: what becomes of images that no policy covers').choices(['deny', 'warn', 'allow']).default('deny'),
    )
    .addOption(new Option('--namespace <name>', 'our own: settings, secrets, certificates').env('SYSTEM_NAMESPACE').default('cosign-system'))
    .addOption(new Option('--service-name <name>', 'the Service that the API server asks').default('webhook'))
    .addOption(new Option('--webhook-name <name>', 'ValidatingWebhookConfiguration of workloads').default('policy.sigstore.dev'))
    .addOption(new Option('--mutating-webhook-name <name>', 'MutatingWebhookConfiguration of workloads').default('policy.sigstore.dev'))
    .addOption(
      new Option('--validating-webhook-name <name>', 'ValidatingWebhookConfiguration of policies').default('validating.clusterimagepolicy.sigstore.dev'),
    )
    .addOption(new Option('--defaulting-webhook-name <name>', 'MutatingWebhookConfiguration of policies').default('defaulting.clusterimagepolicy.sigstore.dev'))
    .option('--certificate-folder <dir>', 'the serving certificate lies there, and not in the Secret webhook-certs')
    .addOption(new Option('--certificate-name <name>', 'a further DNS name or address of it; may be repeated').argParser(shared.list))
    .addOption(
      new Option('--cache-ttl <duration>', 'how long a pass is kept; evidence that is taken away counts that much longer')
        .argParser(duration)
        .default(3_600_000, '1h'),
    )
    .addOption(new Option('--cache-refusal-ttl <duration>', 'how long a refusal is kept, at most 10s').argParser(refusalDuration).default(10_000, '10s'))
    .addOption(new Option('--cache-size <count>', 'verdicts that are kept; 0: none').argParser(size).default(1000))
    .addOption(new Option('--on-deadline <what>', 'when the API server waits no longer').choices(['deny', 'allow']).default('deny'))
    .addOption(new Option('--policy-resync-period <duration>', 'policies are resolved again').argParser(duration).default(36_000_000, '10h'))
    .addOption(new Option('--trustroot-resync-period <duration>', 'trusted roots are fetched again').argParser(duration).default(86_400_000, '24h'))
    .addOption(shared.trustedRoot())
    .option('--tuf-mirror <url>', 'the mirror that the trusted root comes from; default: that of public Sigstore')
    .option('--tuf-root <file>', 'the root.json to begin with at that mirror')
    .option('--disable-tuf', 'use the trusted root that is shipped, and ask nobody')
    .addOption(shared.registryMirrors())
    .addOption(shared.plainHttp())
    .option('--kyverno', 'enforce the image rules of Kyverno policies too')
    .option('--kyverno-exceptions <namespace>', "the namespace whose PolicyExceptions count, '*' for all; default: none count")
    .option('--policy-reports', 'write PolicyReports, where the cluster has them')
    .option('--no-events', 'write no events')
    .addOption(
      new Option('--log-level <level>', 'what is logged on standard error, as JSON lines')
        .choices(['debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    )
    .addHelpText('after', EXAMPLES);
}

function port(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new InvalidArgumentError('a port from 0 to 65535 was expected');
  return Number(text);
}

function size(text: string): number {
  if (!/^\d{1,7}$/.test(text)) throw new InvalidArgumentError('a number was expected');
  return Number(text);
}

/** Whoever mends an image waits for as long as this. */
function refusalDuration(text: string): number {
  const milliseconds = duration(text);
  if (milliseconds > 10_000) throw new InvalidArgumentError('at most 10s was expected');
  return milliseconds;
}

const EXAMPLES = `
Examples:
  assay admission serve
  assay admission serve --kubeconfig ~/.kube/config --certificate-folder ./certs --listen 127.0.0.1
  assay admission serve --no-cluster --policy assay.policy.yaml --listen 127.0.0.1 --secure-port 8443

A verdict is kept for an image by digest, a policy as it stands, the trusted roots, and the logins that fetched it. Signatures that are removed count
until the entry expires; --cache-size 0 asks every time.
`;
