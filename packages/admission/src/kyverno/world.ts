/**
 * What Kyverno's policies may ask of the world for one review: registries with the logins of the pod and those that the policy names, objects of the cluster with
 * our own rights, and what was verified before. Nothing is written, and nobody is called but registries and the API server.
 */
import { decodeBase64, described, isJsonObject, isTrustError, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import { namedImage, type Subject } from '@assay/policy';
import type { ImageValidatingWorld } from '@assay/policy/image-validating-policy';
import { type Credentials, imageDataOf } from '@assay/policy/kyverno';
import type { PodKeychain, PodKeychains } from '../keychain.ts';
import { apiStatus, type KubernetesClient } from '../kubernetes/client.ts';
import type { Subjects } from '../subjects.ts';
import type { Workload } from '../workload.ts';
import type { Passes } from './passes.ts';
import type { RecentSubjects } from './recent-subjects.ts';

export interface WorldOptions {
  readonly client: Pick<KubernetesClient, 'get'>;
  /** Our own: secrets that a policy names without a namespace are there. */
  readonly namespace: string;
  readonly keychains: Pick<PodKeychains, 'forPod' | 'forSecrets'>;
  readonly subject: Subjects['subject'];
  readonly passes: Passes;
  readonly recent: RecentSubjects;
  /** Another one whenever a trust root changes. */
  readonly trustVersion: () => string;
  readonly kmsPublicKey?: ((reference: string) => Promise<string>) | undefined;
  readonly now: () => Date;
}

/** For one review of one workload. Errors: none; what cannot be had is told when it is asked for. */
export async function openWorld(workload: Workload, options: WorldOptions): Promise<ImageValidatingWorld> {
  const { client, passes, recent, now } = options;
  const pod = await settled(options.keychains.forPod(workload.login));
  // A pass counts for nobody who logs in otherwise, nor under other roots.
  const prefix = 'value' in pod ? JSON.stringify([options.trustVersion(), pod.value.fingerprint]) : undefined;
  const subjects = new Map<string, Promise<Subject>>();
  // One for all policies about an image, so that they share what was found, and what its tag stands for; and for all pods that come at the same time.
  const subject = (image: string, credentials: Credentials): Promise<Subject> => {
    const key = JSON.stringify([image, credentials.secrets]);
    const open = () => openSubject(image, credentials, pod, workload, options);
    const opening = subjects.get(key) ?? (prefix === undefined ? open() : recent.get(`${prefix}${workload.login.namespace}${key}`, open));
    subjects.set(key, opening);
    return opening;
  };
  return {
    now: now(),
    subject,
    imageData: async (image, credentials) => imageDataOf(await subject(image, credentials)),
    configMap: (namespace, name) => configMap(client, namespace, name),
    secret: (namespace, name) => secret(client, namespace, name),
    kms: options.kmsPublicKey ?? noKeyServices,
    apiCall: (call) => apiCall(client, call),
    ...(prefix !== undefined && {
      verdicts: { pass: (key, verify) => passes.verdict(`${prefix}${key}`, verify) },
      verifications: { get: (key) => passes.get(`${prefix}${key}`), set: (key, pass) => passes.set(`${prefix}${key}`, pass) },
    }),
  };
}

/** What a policy of one namespace sees: no secrets of others, and none of ours. */
export function confinedTo(namespace: string, world: ImageValidatingWorld): ImageValidatingWorld {
  const check = (where: string, what: string): void => {
    if (where !== namespace) throw unresolved(`${what} is not in ${quote(namespace)}, the namespace of the policy`);
  };
  const own = (credentials: Credentials): Credentials => {
    const secrets = credentials.secrets.map((name) => (name.includes('/') ? name : `${namespace}/${name}`));
    for (const name of secrets) check(name.slice(0, name.indexOf('/')), `secret ${quote(name)}`);
    return { ...credentials, secrets };
  };
  return {
    ...world,
    subject: async (image, credentials) => world.subject(image, own(credentials)),
    imageData: async (image, credentials) => world.imageData(image, own(credentials)),
    async secret(where, name) {
      check(where, `secret ${quote(where)}/${quote(name)}`);
      return world.secret(where, name);
    },
  };
}

type Settled<Value> = { readonly value: Value } | { readonly problem: TrustError };

async function settled<Value>(promise: Promise<Value>): Promise<Settled<Value>> {
  try {
    return { value: await promise };
  } catch (error) {
    if (isTrustError(error)) return { problem: error };
    throw error;
  }
}

async function openSubject(
  image: string,
  { secrets }: Credentials,
  pod: Settled<PodKeychain>,
  workload: Workload,
  { keychains, namespace, subject }: WorldOptions,
): Promise<Subject> {
  if ('problem' in pod) throw pod.problem;
  const named = await Promise.all(
    secrets.map((secret) => {
      const slash = secret.indexOf('/');
      return keychains.forSecrets(slash < 0 ? namespace : secret.slice(0, slash), [secret.slice(slash + 1)]);
    }),
  );
  const all = [...named, pod.value];
  return subject(namedImage(image), workload, {
    fingerprint: all.map(({ fingerprint }) => fingerprint).join('+'),
    async credentialsFor(host, repository) {
      for (const keychain of all) {
        const credential = await keychain.credentialsFor(host, repository);
        if (credential !== undefined) return credential;
      }
      return undefined;
    },
  });
}

async function configMap(client: WorldOptions['client'], namespace: string, name: string): Promise<JsonObject> {
  const { data = {}, metadata = {} } = await objectAt(client, 'configmap', namespace, name);
  return { data, metadata };
}

async function secret(client: WorldOptions['client'], namespace: string, name: string): Promise<Readonly<Record<string, Uint8Array>>> {
  const { data } = await objectAt(client, 'secret', namespace, name);
  const entries = isJsonObject(data) ? Object.entries(data) : [];
  return Object.fromEntries(entries.flatMap(([key, value]) => (typeof value === 'string' ? [[key, decodeBase64(value) ?? new Uint8Array()]] : [])));
}

async function objectAt(client: WorldOptions['client'], kind: 'configmap' | 'secret', namespace: string, name: string): Promise<JsonObject> {
  if (!NAME.test(namespace) || !NAME.test(name)) throw unresolved(`not the name of a ${kind}: ${quote(namespace)}/${quote(name)}`);
  try {
    return await client.get(`/api/v1/namespaces/${namespace}/${kind}s/${name}`, { maxBytes: MAX_OBJECT_BYTES });
  } catch (error) {
    if (!isTrustError(error)) throw error;
    throw unresolved(`failed to get ${kind} ${quote(namespace)}/${quote(name)}: ${error.message}`, error);
  }
}

/** Reads of the API server alone. Paths may hold what stands in the object under review, and must lead nowhere else than they look. */
async function apiCall(client: WorldOptions['client'], { urlPath, service, method = 'GET', data }: JsonObject): Promise<Json> {
  if (service !== undefined && service !== null) throw unresolved('calls of services are not made: policies may read the API server');
  if (method !== 'GET' || (data !== undefined && data !== null && !(Array.isArray(data) && data.length === 0)))
    throw unresolved('only GET is allowed: a review must change nothing');
  if (typeof urlPath !== 'string' || !isPlainPath(urlPath))
    throw unresolved(`not a path of the API server: ${typeof urlPath === 'string' ? quote(urlPath, 500) : described(urlPath)}`);
  try {
    return await client.get(urlPath, { maxBytes: MAX_ANSWER_BYTES });
  } catch (error) {
    if (!isTrustError(error)) throw error;
    if (apiStatus(error) === undefined) throw error;
    throw unresolved(`failed to GET resource with raw url ${quote(urlPath, 500)}: ${error.message}`, error);
  }
}

/** No way up, and nothing that a server would read as one. */
function isPlainPath(path: string): boolean {
  const question = path.indexOf('?');
  const [plain, query] = question < 0 ? [path, ''] : [path.slice(0, question), path.slice(question)];
  return /^(?:\/[A-Za-z0-9:_~-][A-Za-z0-9:._~-]*)+$/.test(plain) && /^(?:\?[\w.~%!$&'()*+,;=:@/?-]*)?$/.test(query) && !/[?&](?:watch|follow)=/.test(query);
}

async function noKeyServices(reference: string): Promise<string> {
  throw unresolved(`keys of key management services are not resolved here: ${quote(reference)}`);
}

function unresolved(says: string, cause?: TrustError): TrustError {
  return new TrustError('POLICY_UNRESOLVED', says, { ...(cause !== undefined && { cause }) });
}

const NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const MAX_OBJECT_BYTES = 4 * 1024 * 1024;
const MAX_ANSWER_BYTES = 2 * 1024 * 1024;
