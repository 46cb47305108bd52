/** Platforms as tools name them, `os/arch[/variant][:osversion]`, and the image of an index that is meant by one. */
import { quote, TrustError } from '@assay/core';
import type { Descriptor, ImageManifest, Platform, StoredManifest } from '../manifest.ts';
import type { ContentReader } from '../store.ts';

/** An image, not an index. */
export type StoredImage = StoredManifest & { readonly manifest: ImageManifest };

/** Where manifests are read. */
export type Manifests = Pick<ContentReader, 'name' | 'manifest'>;

/** What tools mean that are not told a platform. */
export const DEFAULT_PLATFORM: Platform = { os: 'linux', architecture: 'amd64' };

/** Errors: `OCI_PLATFORM`. */
export function parsePlatform(text: string): Platform {
  const [path = '', osVersion, ...more] = text.trim().split(':');
  const [os = '', architecture = '', variant = '', ...rest] = path.split('/');
  if (rest.length > 0) throw new TrustError('OCI_PLATFORM', `too many slashes in platform spec: ${quote(text)}`);
  return { os, architecture, ...(variant !== '' && { variant }), ...(osVersion && more.length === 0 && { osVersion }) };
}

export function platformText({ os, architecture, variant, osVersion }: Platform): string {
  if (os === '') return '';
  return `${[os, architecture, variant].filter(Boolean).join('/')}${osVersion ? `:${osVersion}` : ''}`;
}

/**
 * The image itself, or the first of an index that is for `platform`; an index within an index is searched too.
 * @param name of the place, for messages
 * Errors: `OCI_PLATFORM` with the platforms there are, `OCI_NOT_FOUND`, and those of reading.
 */
export async function imageForPlatform(stored: StoredManifest, from: Manifests, platform: Platform, name: string): Promise<StoredImage> {
  const { manifest } = stored;
  if (manifest.kind === 'image') return { ...stored, manifest };
  const wanted = manifest.manifests.find((child) => isFor(child, platform));
  if (wanted === undefined) {
    const there = manifest.manifests.map(({ platform: one }) => platformText(one ?? DEFAULT_PLATFORM));
    throw new TrustError('OCI_PLATFORM', `no child with platform ${quote(platformText(platform))} in index ${name}`, {
      hint: `the index has: ${quote(there.join(', '))}`,
    });
  }
  return imageForPlatform(await requireChild(wanted, from), from, platform, name);
}

/** A manifest that an index names. Errors: `OCI_NOT_FOUND`. */
export async function requireChild({ digest }: Descriptor, from: Manifests): Promise<StoredManifest> {
  const child = await from.manifest(digest);
  if (child === undefined) throw new TrustError('OCI_NOT_FOUND', `${from.name}: the index names ${digest}, which is not there`);
  return child;
}

/** Without a platform an image is taken for linux/amd64, as go-containerregistry has it. Version and variant count when they are asked for. */
function isFor({ platform: given = DEFAULT_PLATFORM }: Descriptor, wanted: Platform): boolean {
  if (given.os !== wanted.os || given.architecture !== wanted.architecture) return false;
  if (wanted.osVersion !== undefined && given.osVersion !== wanted.osVersion) return false;
  return wanted.variant === undefined || given.variant === wanted.variant;
}
