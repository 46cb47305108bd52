/** The images behind a name, one for each platform, with what BuildKit attested of them: provenance and SBOM lie beside the images in the index. */
import { decodeBase64, isJsonObject, type Json, type JsonObject, parseFields } from '@assay/core';
import {
  type ContentReader,
  type Descriptor,
  type Digest,
  isDigest,
  isImageConfig,
  isIndexType,
  MANIFEST_TYPES,
  MAX_CONFIG_BYTES,
  type Platform,
  type StoredImage,
  type StoredManifest,
} from '@assay/oci';
import { normalPlatform } from './normal-platform.ts';

export interface LoadedImage {
  /** The configuration; undefined for artifacts. */
  readonly config: JsonObject | undefined;
  readonly sbom: readonly Json[];
  readonly provenance: Json | undefined;
}

/** By platform, `linux/arm64`. */
export type LoadedImages = ReadonlyMap<string, LoadedImage>;

/** Errors: those of reading; `OCI_NOT_FOUND` when something named is not there. */
export async function loadImages(stored: StoredManifest, from: ContentReader, how: 'with attestations' | 'without attestations'): Promise<LoadedImages> {
  const found: Found[] = await collect(stored, stored.descriptor, from);
  const images = new Map<string, LoadedImage>();
  for (const { image, descriptor } of found) {
    if (subjectOf(descriptor) !== undefined) continue;
    const config = await readJson(image, from);
    const platform = normalPlatform(descriptor.platform ?? platformOf(config));
    const attached = how === 'with attestations' ? found.filter((other) => subjectOf(other.descriptor) === descriptor.digest) : [];
    images.set(platform, { config, ...(await attestationsOf(attached, from)) });
  }
  return new Map([...images].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

interface Found {
  readonly image: StoredImage;
  /** As the index has it. */
  readonly descriptor: Descriptor;
}

async function collect(stored: StoredManifest, descriptor: Descriptor, from: ContentReader): Promise<Found[]> {
  const { manifest } = stored;
  if (manifest.kind === 'image') return [{ image: { ...stored, manifest }, descriptor }];
  const found: Found[] = [];
  for (const child of manifest.manifests) {
    if (!MANIFEST_TYPES.includes(child.mediaType) && !isIndexType(child.mediaType)) continue;
    const next = await from.manifest(child.digest);
    if (next !== undefined) found.push(...(await collect(next, child, from)));
  }
  return found;
}

/** The image that an attestation is about. */
function subjectOf({ annotations = {} }: Descriptor): Digest | undefined {
  const stated = annotations['com.docker.reference.digest'] ?? annotations['vnd.docker.reference.digest'];
  return stated !== undefined && isDigest(stated) ? stated : undefined;
}

async function readJson({ manifest: { config } }: StoredImage, from: ContentReader): Promise<JsonObject | undefined> {
  if (!isImageConfig(config.mediaType)) return undefined;
  const what = `configuration ${config.digest}`;
  return parseFields(await from.readBlob(config, MAX_CONFIG_BYTES), { what, parse: 'OCI_CONFIG', shape: 'OCI_CONFIG' }).json;
}

function platformOf(config: JsonObject | undefined): Platform {
  const text = (name: string): string => (typeof config?.[name] === 'string' ? config[name] : '');
  return { os: text('os'), architecture: text('architecture'), ...(text('variant') !== '' && { variant: text('variant') }) };
}

async function attestationsOf(attached: readonly Found[], from: ContentReader): Promise<Pick<LoadedImage, 'sbom' | 'provenance'>> {
  const sbom: Json[] = [];
  let provenance: Json | undefined;
  for (const { image } of attached) {
    for (const layer of image.manifest.layers) {
      const type = layer.annotations?.['in-toto.io/predicate-type'] ?? '';
      if (type !== SPDX && !type.startsWith(SLSA)) continue;
      const predicate = await readPredicate(layer, from);
      if (type === SPDX) sbom.push(predicate);
      else provenance = predicate;
    }
  }
  return { sbom, provenance };
}

/** Of a statement, in an envelope or not. Nothing is verified: this only shows what is there. */
async function readPredicate(layer: Descriptor, from: ContentReader): Promise<Json> {
  const codes = { what: `attestation ${layer.digest}`, parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' } as const;
  const document = parseFields(await from.readBlob(layer, MAX_STATEMENT_BYTES), codes);
  const payload = DSSE.test(layer.mediaType) ? decodeBase64(document.string('payload')) : undefined;
  const { json } = payload === undefined ? document : parseFields(payload, codes);
  const predicate = json['predicate'];
  return predicate !== undefined && isJsonObject(predicate) ? predicate : null;
}

const SPDX = 'https://spdx.dev/Document';
const SLSA = 'https://slsa.dev/provenance/';
const DSSE = /^application\/vnd\.in-toto\..*\+dsse$/;
const MAX_STATEMENT_BYTES = 64 * 1024 * 1024;
