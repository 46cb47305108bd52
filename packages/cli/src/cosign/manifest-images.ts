/**
 * The images of Kubernetes manifests: of each pod in them, whatever kind of object describes it.
 *
 *   spec                                  Pod
 *   spec.template.spec                    Deployment, ReplicaSet, ReplicationController, StatefulSet, DaemonSet, Job, and most custom workloads
 *   spec.jobTemplate.spec.template.spec   CronJob
 *   template.spec                         PodTemplate
 *   items[]                               List, PodList, …
 *
 * A pod's images are those of its init containers, containers and ephemeral containers, and those it mounts as volumes.
 */
import { decodeUtf8 } from '@assay/core';
import { parseAllDocuments } from 'yaml';
import { CommandError } from '../cobra/failure.ts';

/** In the order of the documents. Errors: bytes that are no YAML, and YAML that would become too large or too deep. */
export function imagesOfManifests(bytes: Uint8Array): string[] {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new CommandError(UNREADABLE);
  return parseDocuments(text).flatMap((document) => imagesOf(document));
}

/** Aliases of aliases multiply, so the library is told how many may be resolved. A member given twice is an error: which of the two counts is anyone's guess. */
function parseDocuments(text: string): unknown[] {
  try {
    const documents = [...parseAllDocuments(text, { merge: true, logLevel: 'silent', uniqueKeys: true })];
    if (documents.some(({ errors }) => errors.length > 0)) throw new CommandError(UNREADABLE);
    return documents.map((document) => document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    // Too many aliases, or brackets nested so deeply that the stack ends.
    throw new CommandError(UNREADABLE, 1, { cause: error });
  }
}

function imagesOf(object: unknown, depth = 0): string[] {
  const pods = POD_PATHS.map((path) => at(object, path));
  const items = depth < MAX_LISTS ? list(at(object, ['items'])) : [];
  return [...pods.flatMap(imagesOfPod), ...items.flatMap((item) => imagesOf(item, depth + 1))];
}

function imagesOfPod(pod: unknown): string[] {
  const containers = CONTAINER_LISTS.flatMap((name) => list(at(pod, [name]))).map((container) => at(container, ['image']));
  const volumes = list(at(pod, ['volumes'])).map((volume) => at(volume, ['image', 'reference']));
  return [...containers, ...volumes].flatMap((image) => (typeof image === 'string' && image !== '' ? [image] : []));
}

function at(object: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, name) => (isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined), object);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const POD_PATHS: readonly (readonly string[])[] = [
  ['spec'],
  ['spec', 'template', 'spec'],
  ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  ['template', 'spec'],
];
const CONTAINER_LISTS: readonly string[] = ['initContainers', 'containers', 'ephemeralContainers'];
const UNREADABLE = 'unable to decode the manifest';
const MAX_ALIASES = 1000;
const MAX_LISTS = 8;
