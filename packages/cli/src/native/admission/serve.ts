/** `assay admission serve`: the webhook of a cluster in this process, until it is told to stop. */
import {
  type Admission,
  type AdmissionOptions,
  type ClusterOptions,
  createKubernetesClient,
  folderStore,
  type KubernetesClient,
  loadKubeConfig,
  type NoMatchPolicy,
  secretStore,
  serveAdmission,
} from '@assay/admission';
import { isTrustError, parseTrustedRoot, type TrustedRoot } from '@assay/core';
import { createHttpClient, createKeychain, type HttpClient, loadMirrors } from '@assay/net';
import type { ImagePolicy } from '@assay/policy';
import { createLog, type LogLevel } from '@assay/stack/create-log';
import { loadTrustedRoot, trustSettings } from '@assay/trust';
import { searchLog } from '../../cosign/log-search.ts';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { lazyEngines } from '../../policy-subjects.ts';
import { stopSignal } from '../../stop-signal.ts';
import { loadRoot } from '../../trusted-root.ts';
import { keepYoungGenerationSmall } from '../../young-generation.ts';
import { openPolicies } from '../policy/open-policies.ts';

export interface ServeFlags {
  readonly listen: string;
  readonly securePort: number;
  readonly metricsHost: string;
  readonly metricsPort: number;
  readonly kubeconfig?: string;
  readonly cluster: boolean;
  readonly policy?: readonly string[];
  readonly uncovered: NoMatchPolicy;
  readonly namespace: string;
  readonly serviceName: string;
  readonly webhookName: string;
  readonly mutatingWebhookName: string;
  readonly validatingWebhookName: string;
  readonly defaultingWebhookName: string;
  readonly certificateFolder?: string;
  readonly certificateName?: readonly string[];
  readonly cacheTtl: number;
  readonly cacheRefusalTtl: number;
  readonly cacheSize: number;
  readonly onDeadline: 'deny' | 'allow';
  readonly policyResyncPeriod: number;
  readonly trustrootResyncPeriod: number;
  readonly trustedRoot?: string;
  readonly tufMirror?: string;
  readonly tufRoot?: string;
  readonly disableTuf?: boolean;
  readonly registryMirrors?: string;
  readonly plainHttp?: boolean;
  readonly kyverno?: boolean;
  readonly policyReports?: boolean;
  readonly events: boolean;
  readonly logLevel: LogLevel;
}

/** Returns the exit status, once the process was told to stop. Errors: `ADMISSION_…`, `POLICY_…`, `FILE_…`, `MIRRORS_PARSE`, `USAGE`. */
export async function runServe(flags: ServeFlags, io: Io): Promise<number> {
  const stopped = stopSignal();
  const log = createLog(flags.logLevel, (line) => io.stderr(line));
  const http = createHttpClient({ env: io.env, userAgent: 'assay' });
  const client = flags.cluster ? clusterClient(flags, io) : undefined;
  const engines = lazyEngines();
  const { signal } = new AbortController();
  try {
    const policies = await ownPolicies(flags, io);
    const options: AdmissionOptions = {
      listen: { host: flags.listen, port: flags.securePort },
      probes: { host: flags.metricsHost, port: flags.metricsPort },
      certificate: { store: certificateStore(flags, client), names: certificateNames(flags) },
      cluster: client && clusterOptions(flags, client, io),
      policies,
      noMatch: flags.uncovered,
      http,
      keychain: createKeychain({ env: io.env, home: io.env['HOME'] ?? '' }),
      mirrors: mirrorsOf(flags, io),
      plainHttp: flags.plainHttp === true ? 'always' : 'never',
      engines: engines.engines,
      loadRoot: () => trustedRoot(flags, http, io),
      trustRootResyncMs: flags.trustrootResyncPeriod,
      searchLog: (url, proposed) => searchLog(url, proposed, http, signal),
      cache: { passMs: flags.cacheTtl, refusalMs: flags.cacheRefusalTtl, maxEntries: flags.cacheSize },
      onDeadline: flags.onDeadline,
      onProblem: (what, problem) => log.warn({ what, code: codeOf(problem) }, textOf(problem)),
      onAnswer({ request }, { allowed, ...answer }, milliseconds) {
        const { kind, namespace, name } = request;
        const told = { kind: kind.kind, namespace, name, allowed, ms: Math.round(milliseconds) };
        if (allowed) log.debug(told, 'reviewed');
        else log.info({ ...told, message: 'message' in answer ? answer.message : '' }, 'denied');
      },
    };
    const admission = await serveAdmission(options);
    keepYoungGenerationSmall();
    await serving(admission, policies, log, stopped);
  } finally {
    await engines.close();
    client?.close();
    http.close();
  }
  return EXIT.accepted;
}

type Log = ReturnType<typeof createLog>;

async function serving(admission: Admission, policies: readonly ImagePolicy[], log: Log, stopped: Promise<void>): Promise<void> {
  log.info({ url: admission.url, probes: admission.probesUrl, policies: policies.length }, 'serving');
  admission.ready.then(
    () => log.info({}, 'policies are in force'),
    (error: unknown) => log.error({ code: codeOf(error) }, textOf(error)),
  );
  try {
    await stopped;
    log.info({}, 'stopping');
  } finally {
    await admission.close();
  }
}

function clusterClient({ kubeconfig }: ServeFlags, { env }: Io): KubernetesClient {
  const config = loadKubeConfig({ env, home: env['HOME'] ?? '', ...(kubeconfig !== undefined && { file: kubeconfig }) });
  return createKubernetesClient({ config, env, userAgent: 'assay' });
}

function clusterOptions(flags: ServeFlags, client: KubernetesClient, io: Io): ClusterOptions {
  return {
    client,
    namespace: flags.namespace,
    webhooks: {
      validating: [flags.webhookName, flags.validatingWebhookName],
      mutating: [flags.mutatingWebhookName, flags.defaultingWebhookName],
      definitions: ['clusterimagepolicies.policy.sigstore.dev'],
    },
    events: flags.events ? 'written' : 'none',
    policyReports: flags.policyReports === true ? 'written' : 'none',
    policyResyncMs: flags.policyResyncPeriod,
    kmsPublicKey: (reference) => servicePublicKey(reference, io),
  };
}

/** PEM. Errors: `KEY_…`, `NET_…`. */
async function servicePublicKey(reference: string, io: Io): Promise<string> {
  const [{ loadPublicKey, publicKeyPem }, { withKeyContext }] = await Promise.all([import('@assay/sign'), import('../../key-context.ts')]);
  return withKeyContext({ io, userAgent: 'assay' }, async (keys) => publicKeyPem(await loadPublicKey(reference, keys)));
}

/** In a cluster all replicas share it. */
function certificateStore({ certificateFolder, namespace }: ServeFlags, client: KubernetesClient | undefined) {
  if (certificateFolder !== undefined || client === undefined) return folderStore(certificateFolder ?? 'certs');
  return secretStore(client, { namespace, name: 'webhook-certs' });
}

/** As the API server asks for a Service, and whatever was named. */
function certificateNames({ serviceName, namespace, certificateName = [], listen }: ServeFlags): readonly string[] {
  const service = [serviceName, `${serviceName}.${namespace}`, `${serviceName}.${namespace}.svc`, `${serviceName}.${namespace}.svc.cluster.local`];
  const own = listen === '0.0.0.0' || listen === '::' ? [] : [listen];
  return [...new Set([...service, ...own, ...certificateName])];
}

async function ownPolicies({ policy = [] }: ServeFlags, io: Io): Promise<readonly ImagePolicy[]> {
  const opened = await Promise.all(policy.map((file) => openPolicies(file, io)));
  return opened.flat();
}

function mirrorsOf({ registryMirrors }: ServeFlags, { env }: Io) {
  const file = registryMirrors ?? env['ASSAY_REGISTRY_MIRRORS'];
  return file ? loadMirrors(file) : undefined;
}

/** Errors: `TRUST_ROOT_…`, `FILE_…`, and those of the TUF client. */
async function trustedRoot(flags: ServeFlags, http: HttpClient, io: Io): Promise<TrustedRoot> {
  const now = new Date();
  if (flags.trustedRoot !== undefined || (flags.tufMirror === undefined && io.env['ASSAY_TRUST'])) {
    return (await loadRoot({ ...(flags.trustedRoot !== undefined && { trustedRoot: flags.trustedRoot }) }, { ...io, now })).root;
  }
  const settings = trustSettings(io.env);
  const { bytes } = await loadTrustedRoot({
    ...settings,
    ...(flags.tufMirror !== undefined && { tufMirror: flags.tufMirror }),
    ...(flags.tufRoot !== undefined && { initialRoot: { file: flags.tufRoot } }),
    offline: flags.disableTuf === true || settings.offline,
    http,
    now,
  });
  return parseTrustedRoot(bytes);
}

function codeOf(problem: unknown): string {
  return isTrustError(problem) ? problem.code : 'INTERNAL';
}

function textOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}
