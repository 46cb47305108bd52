/** PEM certificates as trust roots hold them: nothing else in the text, and the root last. */
import { Certificate, isTrustError, parsePem, TrustError } from '@assay/core';

/** None for an empty text. Errors: `POLICY_INVALID`, with sigstore's text where it has one. */
export function certificatesOf(pem: Uint8Array): Certificate[] {
  const text = new TextDecoder().decode(pem).trim();
  const { blocks, malformed } = parsePem(text);
  // Text behind the last block is an error there; before it, it is none.
  if (malformed || (text !== '' && !/-----END [A-Z0-9 ]+-----$/.test(text))) throw new TrustError('POLICY_INVALID', 'error during PEM decoding');
  try {
    return blocks.map(({ der }) => Certificate.parse(der));
  } catch (error) {
    if (isTrustError(error)) throw new TrustError('POLICY_INVALID', error.message, { cause: error });
    throw error;
  }
}
