/**
 * Objects of Flux:
 *
 *   OCIRepository   spec.url oci://HOST/REPOSITORY, spec.ref { tag, semver, digest }; the digest goes before the range, and that before the tag
 *   HelmRelease     spec.values, as a values file; the chart is that of an OCIRepository, or a version of a HelmRepository
 *   Kustomization   spec.images, as in kustomization.yaml
 */
import type { YAMLMap } from 'yaml';
import { findImages } from './kustomize.ts';
import type { YamlNotes } from './notes.ts';
import { chartName } from './oci-url.ts';
import { findInValues } from './values.ts';

export function findInFlux(root: YAMLMap, kind: string, notes: YamlNotes): readonly string[] {
  const { source } = notes;
  if (kind === 'Kustomization') return findImages(source.at(root, 'spec', 'images'), notes);
  if (kind === 'HelmRelease') findInValues(source.at(root, 'spec', 'values'), notes.as('helm-values'), 'values');
  if (kind === 'OCIRepository') findInRepository(root, notes);
  return [];
}

function findInRepository(root: YAMLMap, notes: YamlNotes): void {
  const { source } = notes;
  const url = source.at(root, 'spec', 'url');
  const name = chartName(url, notes);
  const ref = source.map(source.at(root, 'spec', 'ref'));
  if (url === undefined || name === undefined) return;
  // A range goes before a tag, and a digest before both.
  const isRange = source.stringAt(ref, 'semver') !== undefined && !source.stringAt(ref, 'digest');
  if (ref === undefined || isRange) notes.remark(url, 'chart', `oci://${name}`, 'unpinnable', NO_TAG.reason);
  else notes.members(ref, { kind: 'chart', name, nameKey: 'tag', tagKey: 'tag', digestKeys: ['digest'], untagged: NO_TAG });
}

const NO_TAG = { what: 'unpinnable', reason: 'spec.ref names no tag: latest, or a range of versions, has no digest that stays' } as const;
