/** A bundle as far as it must be read before it is known whose trust judges it. */
import { type Bundle, Certificate, type JsonObject, parseBundle, parseFields, quote, TrustError } from '@assay/core';
import { issuerOrganizations } from './issuer-organization.ts';

export interface ReadBundle {
  /** The document. */
  readonly json: JsonObject;
  readonly bundle: Bundle;
  /** The leaf. */
  readonly certificate: Certificate;
  /** Who issued it, by its own word. */
  readonly organization: string;
}

/** A root that the bundle carries is evidence of nothing, and is left out. Errors: `BUNDLE_…`, `CERT_PARSE`, `IDENTITY_MISSING`, `ATTESTATION_ISSUER`. */
export function readBundle(content: Uint8Array): ReadBundle {
  const { json } = parseFields(content, { what: 'bundle', parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' });
  const bundle = parseBundle(content);
  if (bundle.version === '0.1') throw new TrustError('BUNDLE_VERSION', `unsupported bundle version: ${quote(bundle.mediaType)}`);
  const { material } = bundle;
  if (material.kind !== 'certificate') throw new TrustError('IDENTITY_MISSING', 'leaf cert not found');
  const certificate = Certificate.parse(material.leaf);
  const organizations = issuerOrganizations(certificate);
  const [organization] = organizations;
  if (organization === undefined || organizations.length !== 1)
    throw new TrustError('ATTESTATION_ISSUER', 'expected the leaf certificate issuer to only have one organization', {
      found: String(organizations.length),
    });
  return { json, bundle: { ...bundle, material: { ...material, others: [] } }, certificate, organization };
}
