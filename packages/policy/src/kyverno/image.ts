/**
 * The name of an image as Kyverno reads and writes it: `docker.io` where no registry is named, no `library/`, `latest` where nothing says which, and the
 * tag left out as soon as there is a digest.
 *
 *   nginx               docker.io/nginx:latest
 *   ghcr.io/a/b:1@sha256:…   ghcr.io/a/b@sha256:…
 */
import { quote, TrustError } from '@assay/core';

export interface ImageInfo {
  readonly registry: string;
  /** The last part of the path. */
  readonly name: string;
  readonly path: string;
  /** '' when a digest alone says which. */
  readonly tag: string;
  /** '' for none. */
  readonly digest: string;
  readonly reference: string;
  readonly referenceWithTag: string;
}

/** Settings of Kyverno's ConfigMap. */
export interface ImageSettings {
  readonly defaultRegistry: string;
  readonly enableDefaultRegistryMutation: boolean;
}

export const DEFAULT_IMAGE_SETTINGS: ImageSettings = { defaultRegistry: 'docker.io', enableDefaultRegistryMutation: true };

/** Errors: `OCI_REFERENCE`. */
export function imageInfo(text: string, { defaultRegistry, enableDefaultRegistryMutation }: ImageSettings = DEFAULT_IMAGE_SETTINGS): ImageInfo {
  const full = hasRegistry(text) ? text : `${defaultRegistry}/${text}`;
  // The length comes first: names of hosts take the expression a time that grows with its square.
  const [all, host = '', path = '', tag = '', digest = ''] = full.length > MAX_TEXT ? [] : (REFERENCE.exec(full) ?? []);
  if (all === undefined || `${host}/${path}`.length > MAX_NAME) {
    const settings = `defaultRegistry: ${defaultRegistry}, enableDefaultRegistryMutation: ${enableDefaultRegistryMutation}`;
    throw new TrustError('OCI_REFERENCE', `bad image: ${quote(full)}, ${settings}: invalid reference format`);
  }
  const registry = full !== text && !enableDefaultRegistryMutation ? '' : host;
  const settled = { registry, path, name: path.slice(path.lastIndexOf('/') + 1), tag: tag === '' && digest === '' ? 'latest' : tag, digest };
  return { ...settled, reference: imageText(settled), referenceWithTag: `${prefix(settled)}:${settled.tag}` };
}

export function imageText(image: Pick<ImageInfo, 'registry' | 'path' | 'tag' | 'digest'>): string {
  return image.digest === '' ? `${prefix(image)}:${image.tag}` : `${prefix(image)}@${image.digest}`;
}

function prefix({ registry, path }: Pick<ImageInfo, 'registry' | 'path'>): string {
  return registry === '' ? path : `${registry}/${path}`;
}

/** The first part is a host when it holds a point or a colon, or a letter in upper case, or is `localhost`. */
function hasRegistry(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return false;
  const first = text.slice(0, slash);
  return /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first;
}

const HOST = String.raw`(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::\d+)?`;
const PART = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const DIGEST = 'sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}';
const REFERENCE = new RegExp(`^(${HOST})/(${PART}(?:/${PART})*)(?::(\\w[\\w.-]{0,127}))?(?:@(${DIGEST}))?$`);
const MAX_NAME = 255;
const MAX_TEXT = 1000;
