/** `assay admission serve`: the webhook of a cluster in this process, until it is told to stop. */
import {
  type Admission,
  type AdmissionOptions,
  folderStore,
  type KubernetesClient,
  type NoMatchPolicy,
  type ServedClusterOptions,
  secretStore,
  serveAdmission,
} from '@assay/admission';
import { isTrustError, TrustError } from '@assay/core';
import { createHttpClient } from '@assay/net';
import { createLog, type LogLevel } from '@assay/stack/create-log';
import { EXIT } from '../../exit.ts';
import type { Io } from '../../io.ts';
import { lazyEngines } from '../../policy-subjects.ts';
import { stopSignal } from '../../stop-signal.ts';
import { keepYoungGenerationSmall } from '../../young-generation.ts';
import { clusterClient, clusterOptions, type JudgingFlags, judgingOptions } from './judging-options.ts';

export interface ServeFlags extends JudgingFlags {
  readonly listen: string;
  readonly securePort: number;
  readonly metricsHost: string;
  readonly metricsPort: number;
  readonly cluster: boolean;
  readonly uncovered: NoMatchPolicy;
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
  readonly kyverno?: boolean;
  readonly kyvernoExceptions?: string;
  readonly policyReports?: boolean;
  readonly events: boolean;
  readonly logLevel: LogLevel;
}

/** Returns the exit status, once the process was told to stop. Errors: `ADMISSION_…`, `POLICY_…`, `FILE_…`, `MIRRORS_PARSE`, `USAGE`. */
export async function runServe(flags: ServeFlags, io: Io): Promise<number> {
  const stopped = stopSignal();
  const log = createLog(flags.logLevel, (line) => io.stderr(line));
  if (flags.kyverno === true && !flags.cluster) throw new TrustError('USAGE', '--kyverno needs a cluster: its policies are objects of one');
  const http = createHttpClient({ env: io.env, userAgent: 'assay' });
  const client = flags.cluster ? clusterClient(flags, io) : undefined;
  const engines = lazyEngines();
  try {
    const judging = await judgingOptions(flags, { io, http, engines: engines.engines });
    const options: AdmissionOptions = {
      ...judging,
      listen: { host: flags.listen, port: flags.securePort },
      probes: { host: flags.metricsHost, port: flags.metricsPort },
      certificate: { store: certificateStore(flags, client), names: certificateNames(flags) },
      cluster: client && servedCluster(flags, client, io),
      noMatch: flags.uncovered,
      kyverno: flags.kyverno === true ? { exceptionNamespace: flags.kyvernoExceptions } : undefined,
      trustRootResyncMs: flags.trustrootResyncPeriod,
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
    await serving(admission, log, stopped);
  } finally {
    await engines.close();
    client?.close();
    http.close();
  }
  return EXIT.accepted;
}

type Log = ReturnType<typeof createLog>;

async function serving(admission: Admission, log: Log, stopped: Promise<void>): Promise<void> {
  log.info({ url: admission.url, probes: admission.probesUrl }, 'serving');
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

function servedCluster(flags: ServeFlags, client: KubernetesClient, io: Io): ServedClusterOptions {
  return {
    ...clusterOptions(flags, client, io),
    webhooks: {
      validating: [flags.webhookName, flags.validatingWebhookName, ...(flags.kyverno === true ? ['kyverno-resource-validating-webhook-cfg'] : [])],
      mutating: [flags.mutatingWebhookName, flags.defaultingWebhookName, ...(flags.kyverno === true ? ['kyverno-resource-mutating-webhook-cfg'] : [])],
      definitions: ['clusterimagepolicies.policy.sigstore.dev'],
    },
    events: flags.events ? 'written' : 'none',
    policyReports: flags.policyReports === true ? 'written' : 'none',
    policyResyncMs: flags.policyResyncPeriod,
  };
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

function codeOf(problem: unknown): string {
  return isTrustError(problem) ? problem.code : 'INTERNAL';
}

function textOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}
