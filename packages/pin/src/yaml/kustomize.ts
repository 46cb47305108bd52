/**
 * kustomization.yaml:
 *
 *   images:
 *     - name: app                     what manifests have; a tag or digest there is replaced
 *       newName: ghcr.io/owner/app
 *       newTag: "1.2"                 with a digest besides it becomes NAME:TAG@DIGEST
 *       digest: sha256:…
 *   helmCharts: [{ name, repo, version, valuesInline }]
 */
import { isScalar, type Node, type YAMLMap } from 'yaml';
import type { YamlNotes } from './notes.ts';
import { findInValues } from './values.ts';

/** Returns the names of images that it gives tags to. */
export function findInKustomization(root: YAMLMap, notes: YamlNotes): readonly string[] {
  const { source } = notes;
  for (const chart of source.items(source.get(root, 'helmCharts'))) {
    const [repo, name, version] = (['repo', 'name', 'version'] as const).map((key) => source.at(chart, key));
    remarkChart(repo, name, version, notes);
    findInValues(source.at(chart, 'valuesInline'), notes.as('helm-values'), 'values');
  }
  return findImages(source.get(root, 'images'), notes);
}

export function findImages(images: Node | undefined, notes: YamlNotes): readonly string[] {
  const { source } = notes;
  const names: string[] = [];
  for (const image of source.items(images)) {
    const map = source.map(image);
    const name = source.stringAt(map, 'name');
    if (map === undefined || name === undefined) continue;
    names.push(name);
    const newName = source.stringAt(map, 'newName') || undefined;
    const nameKey = newName === undefined ? 'name' : 'newName';
    const untagged = { what: 'skipped', reason: 'its tag is that of the manifests' } as const;
    notes.members(map, { kind: 'image', name: newName ?? name, nameKey, tagKey: 'newTag', digestKeys: ['digest'], tagGoes: true, untagged });
  }
  return names;
}

function remarkChart(repo: Node | undefined, name: Node | undefined, version: Node | undefined, notes: YamlNotes): void {
  const { source } = notes;
  const url = source.string(repo);
  if (url?.startsWith('oci://') !== true) return;
  const reference = `${url}/${source.string(name) ?? ''}:${isScalar(version) ? String(version.value) : ''}`;
  const place = version ?? repo;
  if (place !== undefined) notes.remark(place, 'chart', reference, 'unpinnable', 'helmCharts take a version, and have no place for a digest');
}
