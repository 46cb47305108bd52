/**
 * Kubernetes objects: the images of every pod in them, whatever kind of object describes it. The names of the lists say what a container is, so that
 * custom workloads are covered too; steps and single containers are those of pipelines and workflows.
 */
import type { YAMLMap } from 'yaml';
import { findInArgo } from './argo.ts';
import { findInFlux } from './flux.ts';
import { findInKustomization } from './kustomize.ts';
import type { YamlNotes } from './notes.ts';
import type { YamlSource } from './source.ts';

/** Returns the names that only hold a place, since a kustomization fills them in. */
export function findInKubernetes(root: YAMLMap, notes: YamlNotes): readonly string[] {
  const { source } = notes;
  const [group = ''] = source.stringAt(root, 'apiVersion')?.split('/') ?? [];
  const kind = source.stringAt(root, 'kind') ?? '';
  // Policies name images to compare them, not to run them.
  if (POLICY_GROUPS.has(group)) return [];
  if (group === 'kustomize.config.k8s.io') return findInKustomization(root, notes.as('kustomize'));
  if (kind.endsWith('List')) {
    const items = source.items(source.get(root, 'items')).flatMap((item) => source.map(item) ?? []);
    return items.flatMap((item) => findInKubernetes(item, notes));
  }
  if (group.endsWith('.toolkit.fluxcd.io')) return findInFlux(root, kind, notes.as('flux'));
  if (group === 'argoproj.io' && /^Application(?:Set)?$/.test(kind)) return findInArgo(root, notes.as('argo'));
  findInPods(root, notes);
  return [];
}

function findInPods(root: YAMLMap, notes: YamlNotes): void {
  const { source } = notes;
  for (const map of source.maps(root)) for (const [name, value] of source.members(map)) for (const image of imagesOf(name, value, source)) notes.scalar(image);
}

/** By the name of a member of a pod, or of what is like one. */
function imagesOf(name: string, value: unknown, source: YamlSource): readonly unknown[] {
  if (CONTAINER_LISTS.has(name)) return source.items(value).map((container) => source.at(container, 'image'));
  if (CONTAINERS.has(name)) return [source.at(value, 'image')];
  return name === 'volumes' ? source.items(value).map((volume) => source.at(volume, 'image', 'reference')) : [];
}

const CONTAINER_LISTS: ReadonlySet<string> = new Set(['containers', 'initContainers', 'ephemeralContainers', 'sidecars', 'steps']);
const CONTAINERS: ReadonlySet<string> = new Set(['container', 'script', 'stepTemplate']);
const POLICY_GROUPS: ReadonlySet<string> = new Set(['kyverno.io', 'policies.kyverno.io', 'policy.sigstore.dev', 'assay.dev', 'cli.kyverno.io']);
