/** What judges the workloads of a cluster, as flags say it: for the webhook, and for whoever wants to know before. */
import { type ClusterOptions, createKubernetesClient, type JudgingOptions, type KubernetesClient, loadKubeConfig } from '@assay/admission';
import { parseTrustedRoot, type TrustedRoot } from '@assay/core';
import { createKeychain, type HttpClient, loadMirrors } from '@assay/net';
import type { ImagePolicy, PolicyEngines } from '@assay/policy';
import { loadTrustedRoot, trustSettings } from '@assay/trust';
import { searchLog } from '../../cosign/log-search.ts';
import type { Io } from '../../io.ts';
import { loadRoot } from '../../trusted-root.ts';
import { openPolicies } from '../policy/open-policies.ts';

export interface JudgingFlags {
  readonly kubeconfig?: string;
  readonly policy?: readonly string[];
  readonly namespace: string;
  readonly trustedRoot?: string;
  readonly tufMirror?: string;
  readonly tufRoot?: string;
  readonly disableTuf?: boolean;
  readonly registryMirrors?: string;
  readonly plainHttp?: boolean;
}

export interface JudgingWorld {
  readonly io: Io;
  readonly http: HttpClient;
  readonly engines: PolicyEngines;
}

type FlagOptions = Omit<JudgingOptions, 'cluster'>;

/** Errors: `MIRRORS_PARSE`, `POLICY_…`, `FILE_…`. */
export async function judgingOptions(flags: JudgingFlags, { io, http, engines }: JudgingWorld): Promise<FlagOptions> {
  const { signal } = new AbortController();
  return {
    policies: await ownPolicies(flags, io),
    http,
    keychain: createKeychain({ env: io.env, home: io.env['HOME'] ?? '' }),
    mirrors: mirrorsOf(flags, io),
    plainHttp: flags.plainHttp === true ? 'always' : 'never',
    engines,
    loadRoot: () => trustedRoot(flags, http, io),
    searchLog: (url, proposed) => searchLog(url, proposed, http, signal),
  };
}

/** Errors: `ADMISSION_KUBECONFIG`, `FILE_…`. */
export function clusterClient({ kubeconfig }: JudgingFlags, { env }: Io): KubernetesClient {
  const config = loadKubeConfig({ env, home: env['HOME'] ?? '', ...(kubeconfig !== undefined && { file: kubeconfig }) });
  return createKubernetesClient({ config, env, userAgent: 'assay' });
}

export function clusterOptions({ namespace }: JudgingFlags, client: KubernetesClient, io: Io): ClusterOptions {
  return { client, namespace, kmsPublicKey: (reference) => servicePublicKey(reference, io) };
}

/** PEM. Errors: `KEY_…`, `NET_…`. */
async function servicePublicKey(reference: string, io: Io): Promise<string> {
  const [{ loadPublicKey, publicKeyPem }, { withKeyContext }] = await Promise.all([import('@assay/sign'), import('../../key-context.ts')]);
  return withKeyContext({ io, userAgent: 'assay' }, async (keys) => publicKeyPem(await loadPublicKey(reference, keys)));
}

async function ownPolicies({ policy = [] }: JudgingFlags, io: Io): Promise<readonly ImagePolicy[]> {
  const opened = await Promise.all(policy.map((file) => openPolicies(file, io)));
  return opened.flat();
}

function mirrorsOf({ registryMirrors }: JudgingFlags, { env }: Io): JudgingOptions['mirrors'] {
  const file = registryMirrors ?? env['ASSAY_REGISTRY_MIRRORS'];
  return file ? loadMirrors(file) : undefined;
}

/** Errors: `TRUST_ROOT_…`, `FILE_…`, and those of the TUF client. */
async function trustedRoot(flags: JudgingFlags, http: HttpClient, io: Io): Promise<TrustedRoot> {
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
