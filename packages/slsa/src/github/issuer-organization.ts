/** Whose authority issued a certificate: the organizations in the issuer's name (RFC 5280 section 4.1.2.4). GitHub's CLI chooses its trust by them. */
import { type Certificate, Der, DerError, TrustError } from '@assay/core';

/** In the order of the name. Errors: `CERT_PARSE`. */
export function issuerOrganizations({ issuer }: Certificate): string[] {
  try {
    const attributes = Der.parse(issuer)
      .children()
      .flatMap((set) => set.children());
    return attributes.flatMap((attribute) => {
      const fields = attribute.sequence('attribute');
      return fields.next('type').oid('type') === ORGANIZATION ? [fields.next('value').text('organization')] : [];
    });
  } catch (error) {
    if (error instanceof DerError) throw new TrustError('CERT_PARSE', `certificate: issuer: ${error.message}`, { cause: error });
    throw error;
  }
}

const ORGANIZATION = '2.5.4.10';
