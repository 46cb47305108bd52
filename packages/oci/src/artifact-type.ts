import type { Manifest } from './manifest.ts';

/** What a manifest says it is; without `artifactType`, the type of its configuration (distribution specification, "Listing Referrers"). */
export function artifactTypeOf(manifest: Manifest): string {
  if (manifest.artifactType !== undefined) return manifest.artifactType;
  return manifest.kind === 'image' ? manifest.config.mediaType : manifest.mediaType;
}
