/**
 * A DSSE envelope as JSON: `{ payload = b64, payloadType, signatures [{ sig = b64, keyid? }] }`, in bundles and in files of its own.
 */
import type { DsseEnvelope } from './bundle.ts';
import { type Fields, parseFields } from './fields.ts';

/** A DSSE envelope file. Errors: `BUNDLE_PARSE`, `BUNDLE_SHAPE`. */
export function parseEnvelope(input: Uint8Array): DsseEnvelope {
  const fields = parseFields(input, { what: 'DSSE envelope', parse: 'BUNDLE_PARSE', shape: 'BUNDLE_SHAPE' });
  return { ...readEnvelope(fields), stored: input };
}

/** Exactly one signature, none of the parts empty (verification.md section 2). */
export function readEnvelope(envelope: Fields): DsseEnvelope {
  const signatures = envelope.objects('signatures', MAX_SIGNATURES);
  const [signature] = signatures;
  if (signature === undefined || signatures.length !== 1) return envelope.refuse('signatures', `expected exactly one signature, found ${signatures.length}`);
  return {
    kind: 'dsse',
    payload: envelope.nonEmptyBytes('payload'),
    payloadType: envelope.string('payloadType'),
    signature: signature.nonEmptyBytes('sig'),
    keyid: signature.optionalString('keyid') ?? '',
  };
}

const MAX_SIGNATURES = 32;
