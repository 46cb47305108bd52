/** The formats that inventories are written in, and what attestations and registries call them. */
import { TrustError } from '@assay/core';
import type { Inventory } from '../inventory.ts';
import { encodeCycloneDx } from './cyclonedx.ts';
import type { DocumentOptions } from './options.ts';
import type { SbomKind } from './sbom-document.ts';
import { encodeSpdx } from './spdx.ts';

export type SbomFormat = 'cyclonedx-json' | 'spdx-json';

/** The same inventory gives the same bytes. */
export function encodeInventory(inventory: Inventory, format: SbomFormat, options: DocumentOptions = {}): Uint8Array {
  return format === 'cyclonedx-json' ? encodeCycloneDx(inventory, options) : encodeSpdx(inventory, options);
}

export const SBOM_FORMATS: readonly SbomFormat[] = ['cyclonedx-json', 'spdx-json'];

/** As `cosign attest --type cyclonedx` and `--type spdxjson` have it. */
export const PREDICATE_TYPE_OF: Readonly<Record<SbomFormat, string>> = {
  'cyclonedx-json': 'https://cyclonedx.org/bom',
  'spdx-json': 'https://spdx.dev/Document',
};

/** Of documents as they are, in registries and in references. */
export const MEDIA_TYPE_OF: Readonly<Record<SbomFormat, string>> = {
  'cyclonedx-json': 'application/vnd.cyclonedx+json',
  'spdx-json': 'application/spdx+json',
};

/** Errors: `SBOM_PARSE` for syft's own format, which has no predicate type of its own. */
export function formatOfKind(kind: SbomKind): SbomFormat {
  if (kind === 'cyclonedx') return 'cyclonedx-json';
  if (kind === 'spdx') return 'spdx-json';
  throw new TrustError('SBOM_PARSE', "the document is in syft's own format, which few can read", {
    hint: 'convert it: syft convert FILE -o cyclonedx-json',
  });
}
