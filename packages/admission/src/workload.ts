/**
 * The objects that hold containers, and where their images stand (admission.md 4.2).
 *
 *   v1 Pod                                            spec
 *   apps/v1 ReplicaSet Deployment StatefulSet DaemonSet, batch/v1 Job   spec.template.spec
 *   batch/v1 and v1beta1 CronJob                      spec.jobTemplate.spec.template.spec
 *
 * Below that: `initContainers`, `containers`, `ephemeralContainers` (`image`) and `volumes` (`image.reference`, whose error path is `volumes[i].image`).
 */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type Json, type JsonObject, quote, TrustError } from '@assay/core';
import type { ReviewedObject } from '@assay/policy';
import { type GroupVersionKind, kindText, type ReviewRequest } from './review.ts';

export interface Workload {
  readonly object: ReviewedObject;
  /** Where the pod spec is, for messages: `spec.template.spec`. */
  readonly path: string;
  /** In the order init, containers, ephemeral, volumes. */
  readonly images: readonly WorkloadImage[];
  readonly login: PodLogin;
}

export interface WorkloadImage {
  /** As it stands there; '' when it is missing. */
  readonly text: string;
  /** For messages: `spec.containers[0].image`. */
  readonly path: string;
  /** For patches (RFC 6901): `/spec/containers/0/image`. */
  readonly pointer: string;
}

/** What a pod's registry credentials depend on. */
export interface PodLogin {
  readonly namespace: string;
  /** `default` when the pod names none. */
  readonly serviceAccount: string;
  /** Names of its `imagePullSecrets`. */
  readonly pullSecrets: readonly string[];
}

/** Errors: `ADMISSION_OBJECT` for another kind, and for what the kind does not allow. */
export function readWorkload({ kind, object, namespace }: Pick<ReviewRequest, 'kind' | 'object' | 'namespace'>): Workload {
  const path = podSpecPath(kind);
  if (path === undefined) throw new TrustError('ADMISSION_OBJECT', `unhandled kind: ${kindText(kind)}`);
  if (object === undefined) throw undecodable('there is no object');
  const spec = objectAt(object, path);
  const metadata = member(object, 'metadata');
  const own = metadata['namespace'];
  const reviewed = {
    ...kind,
    namespace: typeof own === 'string' && own !== '' ? own : namespace,
    metadata,
    spec: member(object, 'spec'),
  };
  return { object: reviewed, path: path.join('.'), images: imagesOf(spec, path), login: loginOf(spec, reviewed.namespace) };
}

/** Why a request need not be looked at. Undefined: it is. */
export function exemption({ operation, subResource, kind, object, oldObject }: ReviewRequest): string | undefined {
  // By name: an operation that nobody knows is looked at.
  if (operation === 'DELETE' || operation === 'CONNECT') return `${operation} starts nothing`;
  if (subResource === 'status') return 'the status runs nothing';
  if (operation !== 'UPDATE' || object === undefined || oldObject === undefined) return undefined;
  // Of the old object: there the API server has written it, and nobody else.
  const metadata = oldObject['metadata'];
  if (isJsonObject(metadata) && typeof metadata['deletionTimestamp'] === 'string') return 'the object is being deleted';
  if (SCALED.has(kind.kind) && isScaleDown(object, oldObject)) return 'fewer replicas of the same pods';
  return undefined;
}

/** Of the pods too: fewer replicas with another template are new pods. */
function isScaleDown(object: JsonObject, oldObject: JsonObject): boolean {
  const [now, before] = [object['spec'], oldObject['spec']];
  if (!isJsonObject(now) || !isJsonObject(before)) return false;
  const [fewer, more] = [now['replicas'], before['replicas']];
  return typeof fewer === 'number' && typeof more === 'number' && fewer < more && isDeepStrictEqual(now['template'], before['template']);
}

function podSpecPath({ group, version, kind }: GroupVersionKind): readonly string[] | undefined {
  return KINDS.get(`${group}/${version}/${kind}`);
}

function imagesOf(spec: JsonObject, path: readonly string[]): WorkloadImage[] {
  const images: WorkloadImage[] = [];
  const [dotted, slashed] = [path.join('.'), `/${path.join('/')}`];
  for (const list of CONTAINERS) {
    for (const [i, container] of listAt(spec, list).entries()) {
      const text = textAt(container, 'image', `${list}[${i}]`);
      images.push({ text, path: `${dotted}.${list}[${i}].image`, pointer: `${slashed}/${list}/${i}/image` });
    }
  }
  for (const [i, volume] of listAt(spec, 'volumes').entries()) {
    if (volume['image'] === undefined || volume['image'] === null) continue;
    const text = textAt(member(volume, 'image'), 'reference', `volumes[${i}].image`);
    images.push({ text, path: `${dotted}.volumes[${i}].image`, pointer: `${slashed}/volumes/${i}/image/reference` });
  }
  return images;
}

function loginOf(spec: JsonObject, namespace: string): PodLogin {
  const pullSecrets = listAt(spec, 'imagePullSecrets').map((one, i) => textAt(one, 'name', `imagePullSecrets[${i}]`));
  const serviceAccount = textAt(spec, 'serviceAccountName', 'spec') || textAt(spec, 'serviceAccount', 'spec');
  return { namespace, serviceAccount: serviceAccount || 'default', pullSecrets: pullSecrets.filter((name) => name !== '') };
}

function objectAt(object: JsonObject, path: readonly string[]): JsonObject {
  return path.reduce(member, object);
}

/** Absent is empty, as in Go. */
function member(object: JsonObject, name: string): JsonObject {
  const value = object[name] ?? {};
  if (!isJsonObject(value)) throw undecodable(`${name} is not an object`);
  return value;
}

function listAt(object: JsonObject, name: string): JsonObject[] {
  const value: Json = object[name] ?? [];
  if (!Array.isArray(value)) throw undecodable(`${name} is not a list`);
  for (const one of value) if (!isJsonObject(one)) throw undecodable(`${name} holds something that is no object`);
  return value as JsonObject[];
}

function textAt(object: JsonObject, name: string, where: string): string {
  const value = object[name] ?? '';
  if (typeof value !== 'string') throw undecodable(`${where}.${name} is not text`);
  return value;
}

function undecodable(problem: string): TrustError {
  return new TrustError('ADMISSION_OBJECT', `cannot decode incoming new object: ${quote(problem)}`);
}

const TEMPLATE = ['spec', 'template', 'spec'];
const CRON = ['spec', 'jobTemplate', 'spec', 'template', 'spec'];
const KINDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['/v1/Pod', ['spec']],
  ...['ReplicaSet', 'Deployment', 'StatefulSet', 'DaemonSet'].map((kind) => [`apps/v1/${kind}`, TEMPLATE] as const),
  ['batch/v1/Job', TEMPLATE],
  ['batch/v1/CronJob', CRON],
  ['batch/v1beta1/CronJob', CRON],
]);
const CONTAINERS = ['initContainers', 'containers', 'ephemeralContainers'];
const SCALED = new Set(['Deployment', 'ReplicaSet', 'StatefulSet']);
