/**
 * The payload that cosign signs for an image in its older storage format ("simple signing", cosign.md section 2.1):
 *
 *   { critical { identity { docker-reference }, image { docker-manifest-digest }, type "cosign container image signature" },
 *     optional null | { annotation: value } }
 *
 * The signature covers these bytes, and only the digest in them says what was signed. The docker reference is what the signer called the image: an image may
 * be copied, so it is told, and not compared.
 */

import { utf8 } from './bytes.ts';
import { quote, TrustError } from './errors.ts';
import { parseFields } from './fields.ts';
import { encodeGoJson } from './go-json.ts';
import { isJsonObject, type JsonObject } from './json.ts';

export interface SimpleSigning {
  readonly dockerReference: string;
  /** `sha256:HEX`, as stated. */
  readonly digest: string;
  /** Annotations; values may be of any type, and only text is ever compared. */
  readonly optional: JsonObject | undefined;
}

export const SIMPLE_SIGNING_TYPE = 'cosign container image signature';

/** Errors: `PAYLOAD_PARSE`. */
export function parseSimpleSigning(payload: Uint8Array): SimpleSigning {
  const fields = parseFields(payload, { what: 'signed payload', parse: 'PAYLOAD_PARSE', shape: 'PAYLOAD_PARSE' });
  const critical = fields.object('critical');
  const type = critical.string('type');
  if (type !== SIMPLE_SIGNING_TYPE)
    throw new TrustError('PAYLOAD_PARSE', 'signed payload: unknown type', { expected: SIMPLE_SIGNING_TYPE, found: quote(type) });
  const optional = fields.json['optional'] ?? null;
  if (optional !== null && !isJsonObject(optional)) return fields.refuse('optional', 'is not an object');
  return {
    dockerReference: critical.object('identity').optionalString('docker-reference') ?? '',
    digest: critical.object('image').optionalString('docker-manifest-digest') ?? '',
    optional: optional ?? undefined,
  };
}

export interface SimpleSigningContent {
  readonly dockerReference: string;
  readonly digest: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The bytes that are signed, as cosign writes them: no white space, annotations sorted. */
export function encodeSimpleSigning({ dockerReference, digest, annotations = {} }: SimpleSigningContent): Uint8Array {
  const sorted = Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return utf8(
    encodeGoJson({
      critical: { identity: { 'docker-reference': dockerReference }, image: { 'docker-manifest-digest': digest }, type: SIMPLE_SIGNING_TYPE },
      optional: sorted.length === 0 ? null : Object.fromEntries(sorted),
    }),
  );
}
