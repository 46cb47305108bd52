/**
 * What `docker buildx imagetools inspect` prints without a template. Columns are as wide as the longest name of a block; a block ends where annotations
 * are listed. Lines between entries hold the width of the first column in spaces, as Go's tabwriter leaves them.
 */
import { type Fields, parseFields, quote } from '@assay/core';
import type { StoredManifest } from '@assay/oci';

/** @param name as Docker writes it */
export function describeManifest(name: string, { descriptor, bytes, manifest }: StoredManifest): string {
  const head = columns([
    ['Name:', name],
    ['MediaType:', descriptor.mediaType],
    ['Digest:', descriptor.digest],
  ]);
  if (manifest.kind !== 'index') return head;
  const entries = parseFields(bytes, { what: name, parse: 'OCI_MANIFEST', shape: 'OCI_MANIFEST' }).objects('manifests', manifest.manifests.length);
  const title = columns([
    ['', ''],
    ['Manifests:', ''],
  ]);
  return `${head}${title}${describeEntries(entries, name.replace(/@.*$/, ''))}`;
}

type Row = readonly [string, string];

function describeEntries(entries: readonly Fields[], name: string): string {
  let text = '';
  let block: Row[] = [];
  for (const [i, entry] of entries.entries()) {
    if (i > 0) block.push(['', '']);
    block.push(...entryRows(entry, name));
    const annotations = entry.has('platform') ? annotationRows(entry) : [];
    if (annotations.length === 0) continue;
    text += columns([...block, ['  Annotations:', '']]) + columns(annotations);
    block = [];
  }
  return text + columns(block);
}

function entryRows(entry: Fields, name: string): Row[] {
  const platform = entry.optionalObject('platform');
  const rows: Row[] = [
    ['  Name:', `${name}@${entry.string('digest')}`],
    ['  MediaType:', entry.string('mediaType')],
  ];
  if (platform === undefined) return rows;
  const { os, architecture, variant, osVersion, osFeatures } = platformParts(platform);
  rows.push(['  Platform:', [os || 'unknown', architecture, variant].filter(Boolean).join('/')]);
  if (osVersion !== '') rows.push(['  OSVersion:', osVersion]);
  if (osFeatures.length > 0) rows.push(['  OSFeatures:', osFeatures.join(', ')]);
  const urls = textsOf(entry, 'urls');
  if (urls.length > 0) rows.push(['  URLs:', urls.join(', ')]);
  return rows;
}

function platformParts(platform: Fields) {
  const text = (name: string) => platform.optionalString(name) ?? '';
  return {
    os: text('os'),
    architecture: text('architecture'),
    variant: text('variant'),
    osVersion: text('os.version'),
    osFeatures: textsOf(platform, 'os.features'),
  };
}

function annotationRows(entry: Fields): Row[] {
  const annotations = entry.optionalObject('annotations');
  const names = Object.keys(annotations?.json ?? {}).toSorted();
  return names.map((name) => [`    ${name}:`, annotations?.optionalString(name) ?? '']);
}

function textsOf(fields: Fields, name: string): string[] {
  const items = fields.json[name];
  return Array.isArray(items) ? items.filter((item) => typeof item === 'string') : [];
}

/** Values come from a registry, and go to a terminal. */
function columns(rows: readonly Row[]): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length)) + 1;
  return rows.map(([name, value]) => `${quote(name, MAX_VALUE).padEnd(width)}${quote(value, MAX_VALUE)}\n`).join('');
}

const MAX_VALUE = 4096;
