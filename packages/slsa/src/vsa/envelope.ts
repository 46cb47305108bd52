/** The DSSE envelope of a summary: `{ payload = b64, payloadType, signatures [{ keyid, sig }] }`, with any number of signatures. */
import { IN_TOTO_PAYLOAD_TYPE, quote } from '@assay/core';
import { ENVELOPE } from '../envelope-model.ts';
import { ModelError, type Modelled, parseModel } from '../model.ts';

export type VsaEnvelope = Modelled<typeof ENVELOPE>;

/** Errors: `ModelError`. */
export function parseVsaEnvelope(attestation: Uint8Array): VsaEnvelope {
  if (attestation.length > MAX_VSA_BYTES) throw new ModelError(`${attestation.length} bytes, the cap is ${MAX_VSA_BYTES}`);
  const envelope = parseModel(attestation, ENVELOPE);
  if (envelope.payloadType !== IN_TOTO_PAYLOAD_TYPE) throw new ModelError(`payload type '${quote(envelope.payloadType)}', expected '${IN_TOTO_PAYLOAD_TYPE}'`);
  const count = envelope.signatures?.length ?? 0;
  if (count > MAX_SIGNATURES) throw new ModelError(`${count} signatures, the cap is ${MAX_SIGNATURES}`);
  return envelope;
}

export const MAX_VSA_BYTES = 16 * 1024 * 1024;
const MAX_SIGNATURES = 64;
