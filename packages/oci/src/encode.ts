/** Manifests and indexes as bytes, with members in the order that Go's tools write them, so that equal content has equal digests. */
import { encodeGoJson, type JsonValue, utf8 } from '@assay/core';
import type { Descriptor, ImageIndex, ImageManifest, Platform } from './manifest.ts';

type ImageContent = Pick<ImageManifest, 'mediaType' | 'config' | 'layers'> & Partial<Pick<ImageManifest, 'artifactType' | 'subject' | 'annotations'>>;
type IndexContent = Pick<ImageIndex, 'mediaType' | 'manifests'> & Partial<Pick<ImageIndex, 'artifactType' | 'subject' | 'annotations'>>;

export function encodeImage({ mediaType, artifactType, config, layers, subject, annotations }: ImageContent): Uint8Array {
  return encode({
    schemaVersion: 2,
    mediaType,
    ...(artifactType !== undefined && { artifactType }),
    config: descriptorJson(config),
    layers: layers.map(descriptorJson),
    ...tail(subject, annotations),
  });
}

export function encodeIndex({ mediaType, artifactType, manifests, subject, annotations }: IndexContent): Uint8Array {
  return encode({
    schemaVersion: 2,
    mediaType,
    ...(artifactType !== undefined && { artifactType }),
    manifests: manifests.map(descriptorJson),
    ...tail(subject, annotations),
  });
}

export function descriptorJson({ mediaType, size, digest, urls, annotations, platform, artifactType }: Descriptor): { [name: string]: JsonValue } {
  return {
    mediaType,
    size,
    digest,
    ...(urls !== undefined && { urls: [...urls] }),
    ...(annotations !== undefined && hasAny(annotations) && { annotations: sorted(annotations) }),
    ...(platform !== undefined && { platform: platformJson(platform) }),
    ...(artifactType !== undefined && { artifactType }),
  };
}

function platformJson({ architecture, os, osVersion, variant }: Platform): { [name: string]: JsonValue } {
  return { architecture, os, ...(osVersion !== undefined && { 'os.version': osVersion }), ...(variant !== undefined && { variant }) };
}

function tail(subject: Descriptor | undefined, annotations: Readonly<Record<string, string>> | undefined): { [name: string]: JsonValue } {
  return {
    ...(subject !== undefined && { subject: descriptorJson(subject) }),
    ...(annotations !== undefined && hasAny(annotations) && { annotations: sorted(annotations) }),
  };
}

function hasAny(annotations: Readonly<Record<string, string>>): boolean {
  return Object.keys(annotations).length > 0;
}

/** Go sorts the keys of maps by their bytes. */
function sorted(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
}

function encode(value: JsonValue): Uint8Array {
  return utf8(encodeGoJson(value));
}
