/**
 * Values of Helm charts. There is no schema; these shapes are common, under any name and at any depth:
 *
 *   image: { registry, repository, tag, digest }     the parts that a chart joins; `sha` holds a digest without its algorithm
 *   image: ghcr.io/owner/app:1.2                     also sidecarImage, init_image
 *   image: ghcr.io/owner/app                         with tag, or imageTag, beside it
 *   images: { proxy: ghcr.io/owner/proxy:1.2 }
 *
 * Other YAML that we have no name for is searched the same way, and taken for less: a name without a tag may be anything there.
 */

import { isDigest } from '@assay/oci';
import { isMap, isSeq, type Node, type YAMLMap } from 'yaml';
import type { YamlNotes } from './notes.ts';

/** How sure it is that these are values. */
export type Sureness = 'values' | 'unknown';

export function findInValues(root: unknown, notes: YamlNotes, sureness: Sureness): void {
  const { source } = notes;
  for (const map of source.maps(root)) {
    for (const [name, value] of source.members(map)) {
      if (IMAGE_KEY.test(name)) findImage(map, name, source.resolve(value), { notes, sureness });
      if (name === 'images') for (const one of valuesOf(source.resolve(value))) findTagged(one, notes);
    }
    findParts(map, ['repository'], { notes, sureness });
  }
}

interface Search {
  readonly notes: YamlNotes;
  readonly sureness: Sureness;
}

function valuesOf(node: unknown): readonly unknown[] {
  if (isSeq(node)) return node.items;
  return isMap(node) ? node.items.map(({ value }) => value) : [];
}

/** Under a name that says it is an image: the parts of a reference, or its text. */
function findImage(map: YAMLMap, name: string, value: Node | undefined, search: Search): void {
  const { notes, sureness } = search;
  const { source } = notes;
  const text = source.string(value) ?? '';
  const tagKey = name === 'image' && source.get(map, 'tag') !== undefined ? 'tag' : `${name}Tag`;
  if (isMap(value)) findParts(value, NAME_KEYS, search);
  // What a template fills in reads as a map too, without quotes.
  if (isMap(value) || hasTag(text)) notes.scalar(value);
  else if (text !== '' && source.get(map, tagKey) !== undefined) {
    const digestKeys = tagKey === 'tag' ? ['digest', 'sha'] : [`${name}Digest`];
    notes.members(map, { kind: 'image', name: text, nameKey: name, tagKey, digestKeys, untagged: UNTAGGED });
  } else if (/^\S+$/.test(text) && sureness === 'values' && value !== undefined) notes.remark(value, 'image', text, UNTAGGED.what, UNTAGGED.reason);
}

function findParts(map: YAMLMap, nameKeys: readonly string[], { notes, sureness }: Search): void {
  const { source } = notes;
  const nameKey = nameKeys.find((key) => source.stringAt(map, key)) ?? '';
  const repository = source.stringAt(map, nameKey) ?? '';
  if (!/^\S+$/.test(repository) || repository.includes('://')) return;
  const hasParts = PARTS.some((key) => source.get(map, key) !== undefined);
  if (!hasParts && (sureness === 'unknown' || nameKeys.length === 1)) return;
  if (/:[^/]*$/.test(repository) && source.stringAt(map, 'tag') === undefined) {
    // A whole reference, in a place where others have only its name.
    notes.scalar(source.get(map, nameKey));
    return;
  }
  const registry = source.stringAt(map, 'registry');
  const name = registry ? `${registry.replace(/\/+$/, '')}/${repository}` : repository;
  notes.members(map, { kind: 'image', name, nameKey, tagKey: 'tag', digestKeys: ['digest', 'sha'], untagged: UNTAGGED });
}

function findTagged(node: unknown, notes: YamlNotes): void {
  if (hasTag(notes.source.string(node) ?? '')) notes.scalar(node);
}

/** A tag or a digest; `{{ … }}` and `${…}` may become one. Neither a URL nor a sentence is a reference, nor is a digest without a name. */
function hasTag(text: string): boolean {
  if (isDigest(text)) return false;
  if (/[{$]/.test(text)) return true;
  return !/\s|:\/\//.test(text) && /[:@][^/]+$/.test(text);
}

const IMAGE_KEY = /^(?:image|.*(?:Image|[_-]image))$/;
const NAME_KEYS = ['repository', 'repo', 'name', 'image'];
const PARTS = ['tag', 'digest', 'sha', 'registry'];
const UNTAGGED = { what: 'unpinnable', reason: 'it has no tag: the chart decides, often by its appVersion; add the tag' } as const;
