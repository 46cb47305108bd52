/** Which SBOMs are meant by `--type`, and what they are called in statements, references and registries. */
import { PREDICATE_TYPES } from '@assay/core';
import { MEDIA_TYPE_OF, PREDICATE_TYPE_OF, SBOM_FORMATS, type SbomFormat } from '@assay/sbom';
import { predicateTypeOf } from '@assay/sign';

export interface WantedSbom {
  /** For messages. */
  readonly says: string;
  /** That is demanded of what says nothing that is wanted. */
  readonly type: string;
  isPredicate(type: string): boolean;
  isMedia(type: string): boolean;
}

/** Undefined: any SBOM. Errors: `USAGE`. */
export function wantedSbom(type: string | undefined): WantedSbom {
  const types = type === undefined ? SBOM_FORMATS.map((format) => PREDICATE_TYPE_OF[format]) : [predicateTypeOf(type)];
  const media = SBOM_FORMATS.filter((format) => types.includes(PREDICATE_TYPE_OF[format])).map((format) => MEDIA_TYPE_OF[format]);
  return {
    type: types[0] ?? '',
    says: type ?? 'cyclonedx or spdxjson',
    // Some write the version of the format behind it: https://spdx.dev/Document/v2.3.
    isPredicate: (one) => types.some((wanted) => one === wanted || one.startsWith(`${wanted}/v`)),
    isMedia: (one) => media.includes(one),
  };
}

/** As `cosign attest --type` has it. */
export function shortTypeOf(format: SbomFormat): string {
  const short = format === 'spdx-json' ? 'spdxjson' : 'cyclonedx';
  if (PREDICATE_TYPES.get(short) !== PREDICATE_TYPE_OF[format]) throw new TypeError(`${short} is called otherwise`);
  return short;
}
