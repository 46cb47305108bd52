/**
 * Provenance of Google Cloud Build, as slsa-verifier judges it (slsa.md section 1.9, GCB steps 1 to 8). Pure: the document was read by the caller, and
 * so were the keys of Cloud Build, which are not built in.
 */
import { type Check, group, pass, skip } from '@assay/core';
import type { RefDemands } from '../github-actions/ref.ts';
import { ModelError } from '../model.ts';
import { refuse } from '../reference-error.ts';
import { checkGcbBuilder } from './builder.ts';
import { checkCopy } from './copy.ts';
import { type GcbDocument, parseGcbDocument } from './document.ts';
import { checkOccurrence, checkSubject, checkSummary } from './image.ts';
import { findSigned, type GcbOptions, type SignedItem } from './signature.ts';
import { checkGcbSource } from './source.ts';
import { writeGcbStatement } from './statement.ts';
import { checkGcbRefs } from './tag.ts';

/** What is present is demanded, also when it is empty. */
export interface GcbDemands extends RefDemands {
  /** SHA-256 of the image, 64 hex digits in lower case. */
  readonly digest: string;
  /** `github.com/owner/name`, or the URI of an uploaded file without its generation. */
  readonly source: string;
  /** `https://cloudbuild.googleapis.com/GoogleHostedWorker`, with or without `@VERSION`. */
  readonly builderId?: string | undefined;
}

export interface GcbResult {
  readonly ok: boolean;
  /** The first failed leaf is what the reference would print. */
  readonly root: Check;
  /** Whose signature holds; known also when a later check fails. */
  readonly keyName: string | undefined;
  /** As the statement names it. This and the statement only when all is well. */
  readonly builderId: string | undefined;
  /** The signed statement, written again by the model: one line of JSON. */
  readonly statement: string | undefined;
}

/** Whatever the document is, the result is a tree; throws `TypeError` for a digest that is none. */
export async function verifyGcb(document: Uint8Array, demands: GcbDemands, options: GcbOptions): Promise<GcbResult> {
  if (!/^[0-9a-f]{64}$/.test(demands.digest)) throw new TypeError('digest: expected 64 hex digits in lower case');
  const read = readDocument(document);
  if (read.document === undefined) return conclude([read.check, ...notReached('the document cannot be read')], undefined, undefined);
  const { check, signed } = await findSigned(read.document.provenance_summary.provenance ?? [], options);
  if (signed === undefined) return conclude([read.check, check, ...notReached('nothing is signed')], undefined, undefined);
  const builder = checkGcbBuilder(signed.statement, demands.builderId);
  return conclude(
    [
      read.check,
      check,
      ...builder.checks,
      checkSubject(signed.statement, demands.digest),
      ...checkGcbSource(signed.statement, builder.id, demands.source),
      ...checkOccurrence(signed.item, demands.digest),
      ...checkSummary(read.document, demands.digest),
      checkCopy(signed.item, signed.statement),
      ...checkGcbRefs(signed.statement, demands),
    ],
    signed,
    builder.stated,
  );
}

function readDocument(document: Uint8Array): { readonly check: Check; readonly document?: GcbDocument } {
  const id = 'gcb.document';
  try {
    return { check: pass(id, 'the document is a description of an image', { spec: SPEC }), document: parseGcbDocument(document) };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const check = refuse(id, {
      error: 'ErrorInvalidDssePayload',
      detail: error.message,
      code: 'SLSA_GCB_DOCUMENT',
      says: `the document cannot be read: ${error.message}`,
      spec: SPEC,
    });
    return { check };
  }
}

function notReached(why: string): Check[] {
  return ['gcb.builder', 'gcb.subject', 'gcb.source', 'gcb.occurrence', 'gcb.summary', 'gcb.copy'].map((id) => skip(id, `not looked at: ${why}`));
}

function conclude(checks: readonly Check[], signed: SignedItem | undefined, builderId: string | undefined): GcbResult {
  const says = { pass: 'Cloud Build built this image from the source that was demanded', fail: 'the provenance does not hold' };
  const root = group('gcb', says, checks, { spec: SPEC });
  const ok = root.status === 'pass' && signed !== undefined;
  return { ok, root, keyName: signed?.keyName, builderId: ok ? builderId : undefined, statement: ok ? writeGcbStatement(signed.statement) : undefined };
}

const SPEC = 'slsa.md section 1.9';
