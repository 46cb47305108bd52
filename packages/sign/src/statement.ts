/** in-toto statements that are signed: about images, and about blobs. */
import { type JsonValue, utf8 } from '@assay/core';

/** What a signature on an image says, in the format of bundles (cosign.md section 2.2). */
export const SIGN_PREDICATE_TYPE = 'https://sigstore.dev/cosign/sign/v1';

export interface StatementContent {
  /** Absent in signatures: an image may be copied. */
  readonly name?: string;
  /** SHA-256 of the artifact, hex. */
  readonly sha256: string;
  /** Digests that it is about as well, under the same name. */
  readonly also?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly predicateType: string;
  readonly predicate: JsonValue;
  readonly version: 'v0.1' | 'v1';
}

/** One line of JSON. */
export function encodeStatement({ name, sha256, also = [], annotations, predicateType, predicate, version }: StatementContent): Uint8Array {
  const named = (digest: string) => ({ ...(name !== undefined && { name }), digest: { sha256: digest }, ...(annotations !== undefined && { annotations }) });
  return utf8(JSON.stringify({ _type: `https://in-toto.io/Statement/${version}`, subject: [sha256, ...also].map(named), predicateType, predicate }));
}

export function signatureStatement(sha256: string, annotations: Readonly<Record<string, string>>): Uint8Array {
  return encodeStatement({ sha256, annotations, predicateType: SIGN_PREDICATE_TYPE, predicate: {}, version: 'v1' });
}
