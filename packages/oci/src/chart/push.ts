/** Charts as artifacts in registries: the manifest, byte for byte as helm writes it, and what belongs to it. */
import { type Digest, digestOf } from '../digest.ts';
import type { Descriptor } from '../manifest.ts';
import { HELM_CHART, HELM_CONFIG, HELM_PROVENANCE, OCI_MANIFEST } from '../media-types.ts';
import { type ContentWriter, sourceOf } from '../store.ts';
import { type ChartMetadata, metadataJson } from './metadata.ts';
import { checkTag, tagOf } from './reference.ts';
import { encodeTreeJson, sortedByName, type Tree } from './tree.ts';

export interface ChartToPush {
  readonly archive: Uint8Array;
  /** Of the chart in the archive, as `parseChart` says. */
  readonly metadata: ChartMetadata;
  /** The content of the `.prov` file. */
  readonly provenance?: Uint8Array | undefined;
  /** RFC 3339. helm takes the time at which the archive was written. */
  readonly created: string;
}

export interface PushedChart {
  readonly tag: string;
  /** Of the manifest. */
  readonly digest: Digest;
}

/**
 * Puts a chart under the tag of its version.
 * Errors: `CHART_REFERENCE` (a version that is no tag), and those of writing.
 */
export async function pushChart(chart: ChartToPush, to: ContentWriter): Promise<PushedChart> {
  const tag = checkTag(tagOf(chart.metadata.version));
  return { tag, digest: await putChart(describeChart(chart), to, tag) };
}

/** By its digest alone when there is no tag. The manifest comes last: before it nothing can be pulled. */
export async function putChart({ config, layers, manifest }: ChartArtifact, to: ContentWriter, tag?: string): Promise<Digest> {
  for (const { descriptor, content } of [...layers, config]) {
    if (!(await to.hasBlob(descriptor))) await to.putBlob(descriptor, sourceOf(content));
  }
  return to.putManifest({ bytes: manifest, mediaType: OCI_MANIFEST, ...(tag !== undefined && { tag }) });
}

interface Blob {
  readonly descriptor: Descriptor;
  readonly content: Uint8Array;
}

export interface ChartArtifact {
  readonly config: Blob;
  readonly layers: readonly Blob[];
  readonly manifest: Uint8Array;
}

/** The manifest that names an archive, and what it needs. */
export function describeChart({ archive, metadata, provenance, created }: ChartToPush): ChartArtifact {
  const config = blobOf(HELM_CONFIG, Buffer.from(metadataJson(metadata)));
  const layers = [blobOf(HELM_CHART, archive), ...(provenance === undefined ? [] : [blobOf(HELM_PROVENANCE, provenance)])];
  layers.sort((a, b) => (a.descriptor.digest < b.descriptor.digest ? -1 : 1));
  return { config, layers, manifest: encodeManifest({ config, layers, annotations: annotationsOf(metadata, created) }) };
}

function blobOf(mediaType: string, content: Uint8Array): Blob {
  return { descriptor: { mediaType, digest: digestOf(content), size: content.length }, content };
}

/** Without a media type of its own, and with the members of descriptors in the order of the image specification's Go types. */
function encodeManifest({ config, layers, annotations }: Pick<ChartArtifact, 'config' | 'layers'> & { readonly annotations: Tree }): Uint8Array {
  const tree = new Map<string, Tree>([
    ['schemaVersion', 2],
    ['config', descriptorTree(config.descriptor)],
    ['layers', layers.map(({ descriptor }) => descriptorTree(descriptor))],
    ['annotations', annotations],
  ]);
  return Buffer.from(encodeTreeJson(tree));
}

function descriptorTree({ mediaType, digest, size }: Descriptor): Tree {
  return new Map<string, Tree>([
    ['mediaType', mediaType],
    ['digest', digest],
    ['size', size],
  ]);
}

/** The chart's own annotations win, but for its name and version. */
function annotationsOf(metadata: ChartMetadata, created: string): Map<string, string> {
  const { name, version, description, home, sources, maintainers, annotations } = metadata;
  const authors = maintainers.map((one) => `${one.name}${one.email && ` (${one.email})`}`).join(', ');
  const stated: Record<string, string> = { description, title: name, version, url: home, created, source: sources[0] ?? '', authors };
  const standard = Object.entries(stated)
    .filter(([, value]) => value.trim() !== '')
    .map(([key, value]) => [`org.opencontainers.image.${key}`, value] as const);
  const own = [...annotations].filter(([key]) => !FIXED_ANNOTATIONS.has(key));
  return sortedByName(new Map([...standard, ...own]));
}

const FIXED_ANNOTATIONS: ReadonlySet<string> = new Set(['org.opencontainers.image.title', 'org.opencontainers.image.version']);
