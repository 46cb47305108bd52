/** Charts out of registries: which version is meant, and its content. */
import { quote, TrustError } from '@assay/core';
import type { Digest } from '../digest.ts';
import type { Descriptor, ImageManifest } from '../manifest.ts';
import { HELM_CHART, HELM_CONFIG, HELM_PROVENANCE } from '../media-types.ts';
import type { ContentReader } from '../store.ts';
import { MAX_CHART_BYTES } from './archive.ts';
import { compareVersions, parseConstraint, parseStrictVersion, parseVersion, versionText } from './semver.ts';

/**
 * The version under which to ask: `wanted` itself when it is one, else the highest that meets it as a constraint. Nothing wanted is any release.
 * Errors: `CHART_VERSION`, and those of reading the tags.
 */
export async function resolveChartVersion(from: ContentReader, wanted: string): Promise<string> {
  if (parseVersion(wanted) !== undefined) return wanted;
  const tags = (await from.tags()).flatMap((tag) => parseStrictVersion(tag.replaceAll('_', '+')) ?? []);
  if (tags.length === 0) throw new TrustError('CHART_VERSION', `Unable to locate any tags in provided repository: oci://${from.name}`);
  const versions = tags.toSorted((a, b) => compareVersions(b, a));
  const meets = parseConstraint(wanted || '*');
  const found = versions.find(meets);
  if (found !== undefined) return versionText(found);
  throw new TrustError('CHART_VERSION', `Could not locate a version matching provided version string ${quote(wanted)}`);
}

export interface PulledChart {
  /** Of the manifest. */
  readonly digest: Digest;
  readonly archive: Uint8Array;
  /** Undefined when the chart has none. */
  readonly provenance: () => Promise<Uint8Array | undefined>;
  /** Pushed by a tool of before the media types had their names. */
  readonly isLegacy: boolean;
}

/**
 * @param what names the chart in messages
 * Errors: `OCI_NOT_FOUND`, `CHART_MANIFEST` (something that is not a chart), `CHART_TOO_LARGE`, and those of reading.
 */
export async function pullChart(from: ContentReader, target: Digest | string, what: string): Promise<PulledChart> {
  const stored = await from.manifest(target);
  if (stored === undefined) throw new TrustError('OCI_NOT_FOUND', `failed to perform "FetchReference" on source: ${what}: not found`);
  const { manifest, descriptor } = stored;
  if (manifest.kind === 'index') throw new TrustError('CHART_MANIFEST', `${what}: an index of images, not a chart`);
  const chart = chartLayer(manifest, what);
  return {
    digest: descriptor.digest,
    archive: await readLayer(from, chart, what),
    provenance: async () => {
      const layer = onlyLayer(manifest, new Set([HELM_PROVENANCE]), what);
      return layer && readLayer(from, layer, what);
    },
    isLegacy: chart.mediaType === LEGACY_CHART,
  };
}

function chartLayer(manifest: ImageManifest, what: string): Descriptor {
  const isConfig = manifest.config.mediaType === HELM_CONFIG;
  const layer = onlyLayer(manifest, CHART_TYPES, what);
  const found = 1 + Number(isConfig) + Number(layer !== undefined);
  if (found < 2) {
    const problem = `manifest does not contain minimum number of descriptors (2), descriptors found: ${found}`;
    throw new TrustError('CHART_MANIFEST', problem, { data: { config: quote(manifest.config.mediaType) } });
  }
  if (!isConfig) throw new TrustError('CHART_MANIFEST', `could not load config with mediatype ${HELM_CONFIG}`);
  if (layer === undefined) throw new TrustError('CHART_MANIFEST', `manifest does not contain a layer with mediatype ${HELM_CHART}`);
  return layer;
}

/** Of two it would be chance which one is meant. */
function onlyLayer({ layers }: ImageManifest, types: ReadonlySet<string>, what: string): Descriptor | undefined {
  const [layer, second] = layers.filter(({ mediaType }) => types.has(mediaType));
  if (second !== undefined) throw new TrustError('CHART_MANIFEST', `${what}: the manifest has two layers of type ${quote(second.mediaType)}`);
  return layer;
}

async function readLayer(from: ContentReader, layer: Descriptor, what: string): Promise<Uint8Array> {
  if (layer.size > MAX_CHART_BYTES) throw new TrustError('CHART_TOO_LARGE', `${what}: ${layer.size} bytes, the cap is ${MAX_CHART_BYTES}`);
  const chunks: Uint8Array[] = [];
  for await (const chunk of from.blob(layer)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const LEGACY_CHART = 'application/tar+gzip';
const CHART_TYPES: ReadonlySet<string> = new Set([HELM_CHART, LEGACY_CHART]);
