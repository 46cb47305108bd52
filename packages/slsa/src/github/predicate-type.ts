/** What an attestation is about, before anyone believes it: for choosing among many. */
import { decodeBase64, IN_TOTO_PAYLOAD_TYPE, isTrustError, parseFields, tryParseJsonObject } from '@assay/core';

/** Undefined for evidence that is no in-toto statement, or that cannot be read. */
export function statedPredicateType(bundle: Uint8Array): string | undefined {
  try {
    const envelope = parseFields(bundle, { what: 'bundle', parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' }).optionalObject('dsseEnvelope');
    if (envelope?.optionalString('payloadType') !== IN_TOTO_PAYLOAD_TYPE) return undefined;
    const payload = decodeBase64(envelope.string('payload'));
    const type = payload === undefined ? undefined : tryParseJsonObject(payload)?.['predicateType'];
    return typeof type === 'string' ? type : undefined;
  } catch (error) {
    if (isTrustError(error)) return undefined;
    throw error;
  }
}
