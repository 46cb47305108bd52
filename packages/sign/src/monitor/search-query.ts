/** What is asked of a log's index (services.md section 5). Of several things, all must hold. */
import { encodeBase64, type JsonObject, utf8 } from '@assay/core';

export interface SearchQuery {
  /** `sha256:<hex>` and the like. */
  readonly digest?: string | undefined;
  /** A name in the certificate. */
  readonly identity?: string | undefined;
  /** PEM of a certificate or a public key. */
  readonly signerPem?: string | undefined;
}

export function searchJson({ digest, identity, signerPem }: SearchQuery): JsonObject {
  return {
    ...(identity !== undefined && { email: identity }),
    ...(digest !== undefined && { hash: digest }),
    ...(signerPem !== undefined && { publicKey: { format: 'x509', content: encodeBase64(utf8(signerPem)) } }),
    operator: 'and',
  };
}
