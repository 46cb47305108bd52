/** The images of pods and of what makes them, by the kinds of containers. All three lists are there, also when they are empty. */
import { isJsonObject, type Json, type JsonObject } from '@assay/core';
import type { RequestFacts } from './match.ts';

export interface FoundImage {
  readonly category: string;
  readonly image: string;
  /** RFC 6901. */
  readonly pointer: string;
}

/** None for other kinds. */
export function imagesOf({ group, version, resource, object, oldObject }: RequestFacts): readonly FoundImage[] {
  const path = PATHS.get(`${group}/${version}/${resource}`);
  if (path === undefined) return [];
  const spec = path.reduce<Json | undefined>((value, name) => (isJsonObject(value) ? value[name] : undefined), object ?? oldObject);
  return isJsonObject(spec) ? CATEGORIES.flatMap((category) => inContainers(spec, category, path)) : [];
}

/** Whether the three lists belong to it. */
export function hasContainers({ group, version, resource }: RequestFacts): boolean {
  return PATHS.has(`${group}/${version}/${resource}`);
}

function inContainers(spec: JsonObject, category: string, path: readonly string[]): FoundImage[] {
  const containers = spec[category];
  if (!Array.isArray(containers)) return [];
  return containers.flatMap((container, i) => {
    const image = isJsonObject(container) ? container['image'] : undefined;
    return typeof image === 'string' ? [{ category, image, pointer: `/${[...path, category, i, 'image'].join('/')}` }] : [];
  });
}

export const CATEGORIES: readonly string[] = ['containers', 'initContainers', 'ephemeralContainers'];

const TEMPLATE = ['spec', 'template', 'spec'];
const PATHS: ReadonlyMap<string, readonly string[]> = new Map([
  ['/v1/pods', ['spec']],
  ...['daemonsets', 'deployments', 'replicasets', 'statefulsets'].map((resource) => [`apps/v1/${resource}`, TEMPLATE] as const),
  ['batch/v1/jobs', TEMPLATE],
  ['batch/v1/cronjobs', ['spec', 'jobTemplate', ...TEMPLATE]],
]);
