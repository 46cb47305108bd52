/**
 * Application and ApplicationSet of Argo CD. `targetRevision` of an `oci://` source is a tag or a digest, so that the digest takes the place of the tag.
 * With `chart` it is a version, and there is no place for a digest.
 */
import { isDigest } from '@assay/oci';
import { isScalar, type YAMLMap } from 'yaml';
import type { YamlNotes } from './notes.ts';
import { chartName } from './oci-url.ts';
import { findInValues } from './values.ts';

export function findInArgo(root: YAMLMap, notes: YamlNotes): readonly string[] {
  const { source } = notes;
  for (const path of [['spec'], ['spec', 'template', 'spec']]) {
    const spec = source.at(root, ...path);
    for (const one of [source.at(spec, 'source'), ...source.items(source.at(spec, 'sources'))]) {
      const map = source.map(one);
      if (map !== undefined) findInSource(map, notes);
    }
  }
  return [];
}

function findInSource(map: YAMLMap, notes: YamlNotes): void {
  const { source } = notes;
  findRevision(map, notes);
  findInValues(source.at(map, 'helm', 'valuesObject'), notes.as('helm-values'), 'values');
  for (const image of source.items(source.at(map, 'kustomize', 'images'))) {
    notes.scalar(image, { skip: (source.string(image)?.lastIndexOf('=') ?? -1) + 1 });
  }
  const values = source.at(map, 'helm', 'values');
  if (values !== undefined && /image/i.test(source.string(values) ?? '')) {
    notes.remark(values, 'image', 'helm.values', 'skipped', 'values in a text are left alone: as valuesObject they can be pinned');
  }
}

function findRevision(map: YAMLMap, notes: YamlNotes): void {
  const { source } = notes;
  const url = source.stringAt(map, 'repoURL') ?? '';
  const chart = source.stringAt(map, 'chart');
  const revision = source.get(map, 'targetRevision');
  if (!isScalar(revision)) return;
  const version = String(revision.value);
  if (chart !== undefined) {
    if (/^(?:https?|git|ssh):\/\//.test(url)) return;
    const reference = `oci://${url.replace(/^oci:\/\//, '')}/${chart}:${version}`;
    notes.remark(revision, 'chart', reference, 'unpinnable', 'with chart: it is a version; with repoURL oci://…/CHART and path . it can be a digest');
    return;
  }
  const name = chartName(source.get(map, 'repoURL'), notes);
  if (name === undefined) return;
  if (isDigest(version)) {
    notes.replaced(revision, 'chart', `${name}@${version}`);
    return;
  }
  if (/[*^~<>=| ,]/.test(version)) {
    notes.remark(revision, 'chart', `oci://${name}:${version}`, 'unpinnable', 'a range of versions has no digest');
    return;
  }
  notes.replaced(revision, 'chart', `${name}:${version}`);
}
