/** A bundle file for commands that must cope with what `parseBundle` refuses. */
import { type Fields, parseFields } from '@assay/core';
import { CommandError } from '../cobra/failure.ts';
import { named } from '../named.ts';

/** The JSON of a Sigstore bundle, of any version and in any state. Errors: `BUNDLE_PARSE`. */
export function parseBundleFields(content: Uint8Array, file: string): Fields {
  const fields = named(file, () => parseFields(content, { what: 'bundle', parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' }));
  if (!fields.has('base64Signature')) return fields;
  throw new CommandError(`${file} is a bundle of cosign 2: \`cosign bundle create --bundle\` makes a Sigstore bundle of it`);
}
