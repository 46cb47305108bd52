/**
 * What templates of `imagetools inspect` see: `.Name`, `.Manifest`, `.Image`, and the methods `.SBOM` and `.Provenance`, as Go structs with the names
 * and JSON members of the OCI specification's. With more than one platform, images and attestations are maps by platform.
 */
import { type Json, type JsonObject, parseFields } from '@assay/core';
import type { StoredManifest } from '@assay/oci';
import { GoStruct, type StructField, type Value } from '../go-template/value.ts';
import type { LoadedImage, LoadedImages } from './load.ts';
import { DESCRIPTOR, IMAGE, read } from './oci-structs.ts';

/** @param name as it was given */
export function templateInput(name: string, stored: StoredManifest, images: LoadedImages): GoStruct {
  const isMany = images.size > 1;
  const [only] = images.values();
  const pick = (of: (image: LoadedImage) => Value | undefined): Value => (isMany ? byPlatform(images, of) : only && of(only));
  const fields: StructField[] = [
    { name: 'Name', json: 'name', omitEmpty: true, value: name },
    { name: 'Manifest', json: 'manifest', omitEmpty: true, value: manifestOf(stored), keptAsInterface: true },
    { name: 'Image', json: 'image', omitEmpty: true, value: pick(({ config }) => config && read(IMAGE, config)) ?? null },
  ];
  return new GoStruct(isMany ? 'imagetools.tplInputs' : 'imagetools.tplInput', fields, {
    SBOM: () => pick(({ sbom }) => (sbom.length === 0 ? undefined : sbomOf(sbom))) ?? sbomOf([]),
    Provenance: () => pick(({ provenance }) => (provenance === undefined ? undefined : provenanceOf(provenance))) ?? provenanceOf(undefined),
  });
}

function byPlatform(images: LoadedImages, of: (image: LoadedImage) => Value | undefined): Value {
  return Object.fromEntries(
    [...images].flatMap(([platform, image]) => {
      const value = of(image);
      return value === undefined ? [] : [[platform, value]];
    }),
  );
}

function manifestOf({ descriptor, bytes, manifest }: StoredManifest): GoStruct {
  const { mediaType, digest, size } = descriptor;
  if (manifest.kind === 'image') return read(DESCRIPTOR, { mediaType, digest, size }) as GoStruct;
  const { json } = parseFields(bytes, { what: digest, parse: 'OCI_MANIFEST', shape: 'OCI_MANIFEST' });
  const children = (Array.isArray(json['manifests']) ? json['manifests'] : []).map((child) => read(DESCRIPTOR, child as JsonObject));
  const stated = json['annotations'];
  return new GoStruct('struct', [
    { name: 'SchemaVersion', json: 'schemaVersion', omitEmpty: false, value: 2n },
    { name: 'MediaType', json: 'mediaType', omitEmpty: true, value: typeof json['mediaType'] === 'string' ? json['mediaType'] : '' },
    { name: 'Digest', json: 'digest', omitEmpty: false, value: digest },
    { name: 'Size', json: 'size', omitEmpty: false, value: BigInt(size) },
    { name: 'Manifests', json: 'manifests', omitEmpty: false, value: children },
    { name: 'Annotations', json: 'annotations', omitEmpty: true, value: (stated ?? {}) as Value },
  ]);
}

function sbomOf([first, ...others]: readonly Json[]): GoStruct {
  return new GoStruct('imagetools.sbomStub', [
    { name: 'SPDX', json: 'SPDX', omitEmpty: true, value: first as Value, keptAsInterface: true },
    { name: 'AdditionalSPDXs', json: 'AdditionalSPDXs', omitEmpty: true, value: others as Value },
  ]);
}

function provenanceOf(predicate: Json | undefined): GoStruct {
  return new GoStruct('imagetools.provenanceStub', [{ name: 'SLSA', json: 'SLSA', omitEmpty: true, value: predicate as Value, keptAsInterface: true }]);
}
