/** Media types of layers, among what else a manifest may list. */
import { DOCKER_LAYER_GZIP, OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD } from '../media-types.ts';

export function isLayerType(mediaType: string): boolean {
  return LAYERS.has(mediaType) || FOREIGN.has(mediaType);
}

/** Layers that may not be passed on, such as those of Windows ("Non-Distributable Layers"). */
export function isForeignType(mediaType: string): boolean {
  return FOREIGN.has(mediaType);
}

export function isUncompressedType(mediaType: string): boolean {
  return UNCOMPRESSED.has(mediaType);
}

const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';
const OCI_FOREIGN = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
const LAYERS: ReadonlySet<string> = new Set([DOCKER_LAYER_GZIP, DOCKER_LAYER, OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD]);
const FOREIGN: ReadonlySet<string> = new Set(['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', OCI_FOREIGN, `${OCI_FOREIGN}+gzip`]);
const UNCOMPRESSED: ReadonlySet<string> = new Set([DOCKER_LAYER, OCI_LAYER, OCI_FOREIGN]);
