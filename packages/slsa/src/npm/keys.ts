/** The keys of a package registry, as Sigstore's TUF repository has them: `{"keys": [{ keyId, keyUsage, publicKey { rawBytes, keyDetails } }]}`. */
import { type PublicKey, parseFields, parseSpki } from '@assay/core';

/** By key id: those that sign publications. When they are valid is not applied: old packages stay published. Errors: `TRUST_ROOT_PARSE`. */
export function parseNpmKeys(document: Uint8Array): ReadonlyMap<string, PublicKey> {
  const fields = parseFields(document, { what: 'npm keys', parse: 'TRUST_ROOT_PARSE', shape: 'TRUST_ROOT_PARSE' });
  const keys = fields.objects('keys', MAX_KEYS).flatMap((key): [string, PublicKey][] => {
    if (key.string('keyUsage') !== 'npm:attestations') return [];
    return [[key.string('keyId'), parseSpki(key.object('publicKey').nonEmptyBytes('rawBytes'))]];
  });
  return new Map(keys);
}

const MAX_KEYS = 100;
