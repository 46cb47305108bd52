/**
 * What `gcloud artifacts docker images describe IMAGE --format json --show-provenance` prints (slsa.md section 1.9):
 *
 *   { image_summary { digest, fully_qualified_digest }, provenance_summary { provenance [{
 *       build { intotoStatement | inTotoSlsaProvenanceV1 }, kind, resourceUri, envelope { payload = b64, payloadType, signatures [{ keyid, sig }] } }] } }
 *
 * The envelope is signed. All else is what the service says around it, and is compared with what was signed.
 */

import { ENVELOPE } from '../envelope-model.ts';
import { type Model, ModelError, type Modelled, parseModel } from '../model.ts';
import { COPY_V1, COPY_V01 } from './statement.ts';

const ITEM = {
  build: { intotoStatement: COPY_V01, inTotoSlsaProvenanceV1: COPY_V1 },
  kind: 'text',
  resourceUri: 'text',
  envelope: ENVELOPE,
} as const satisfies Model;

const DOCUMENT = {
  image_summary: { digest: 'text', fully_qualified_digest: 'text', registry: 'text', repository: 'text' },
  provenance_summary: { provenance: [ITEM] },
} as const satisfies Model;

export type GcbDocument = Modelled<typeof DOCUMENT>;
export type GcbItem = Modelled<typeof ITEM>;

/** Errors: `ModelError`. */
export function parseGcbDocument(document: Uint8Array): GcbDocument {
  if (document.length > MAX_GCB_DOCUMENT_BYTES) throw new ModelError(`${document.length} bytes, the cap is ${MAX_GCB_DOCUMENT_BYTES}`);
  const read = parseModel(document, DOCUMENT);
  const signatures = (read.provenance_summary.provenance ?? []).reduce((sum, { envelope }) => sum + (envelope.signatures?.length ?? 0), 0);
  if (signatures > MAX_SIGNATURES) throw new ModelError(`${signatures} signatures, the cap is ${MAX_SIGNATURES}`);
  return read;
}

/** Images have a handful of builds, and a build has two signatures. */
const MAX_SIGNATURES = 1024;
export const MAX_GCB_DOCUMENT_BYTES = 32 * 1024 * 1024;
