/**
 * What is noted on an object of its images (admission.md 6.6), where two webhooks write one annotation: `/mutate/fail` for the policies whose errors deny, and
 * `/mutate/ignore` for the others. Each writes what it found for its own, leaves what stands there for those of the other, and takes away everything else: it
 * could only be forged. What is forged for the other half's policies, that half takes away.
 */
import { isJsonObject, isTrustError, type JsonObject } from '@assay/core';
import {
  type ImageStatus,
  type Metadata,
  mergedMetadata,
  metadataPatches,
  NO_METADATA,
  type Patch,
  readScoped,
  VERIFY_IMAGES,
  VERIFY_IMAGES_SCOPED,
} from '@assay/policy/kyverno';

/** `isOthers` is asked with `NAMESPACE/POLICY`, as the annotation names policies. */
export function notePatches(object: JsonObject, found: Metadata, isOthers: (key: string) => boolean): Patch[] {
  const patches = metadataPatches(object, mergedMetadata(othersNotes(object, isOthers), found));
  const { metadata } = object;
  const present = isJsonObject(metadata) && isJsonObject(metadata['annotations']) ? metadata['annotations'] : {};
  // What stands there already is not written again.
  return patches.filter(({ op, path, value }) => op === 'remove' || !NAMES.some((name) => path.endsWith(pathOf(name)) && present[name] === value));
}

function othersNotes(object: JsonObject, isOthers: (key: string) => boolean): Metadata {
  const policies = Object.fromEntries(Object.entries(scopedOf(object).policies).filter(([key]) => isOthers(key)));
  const images = Object.values(policies)
    .flatMap((rules) => Object.values(rules))
    .map((statuses): Metadata => ({ images: statuses as Readonly<Record<string, ImageStatus>>, policies: {} }));
  return images.reduce(mergedMetadata, { images: {}, policies });
}

/** What cannot be read says nothing. */
function scopedOf(object: JsonObject): Metadata {
  try {
    return readScoped(object);
  } catch (error) {
    if (isTrustError(error)) return NO_METADATA;
    throw error;
  }
}

function pathOf(name: string): string {
  return `/${name.replaceAll('/', '~1')}`;
}

const NAMES = [VERIFY_IMAGES, VERIFY_IMAGES_SCOPED];
