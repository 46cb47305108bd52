/**
 * Which of the statements in the document Cloud Build signed: the first with a signature that holds (slsa.md section 1.9, GCB step 1).
 */
import { type BundleContent, type Check, decodeBase64, failures, group, IN_TOTO_PAYLOAD_TYPE, quote, skip, type VerifiedContent } from '@assay/core';
import { decodeSignature, type KeyOptions, verifyWithKey } from '../key-signature.ts';
import { ModelError } from '../model.ts';
import { REFERENCE_ERRORS, type ReferenceErrorName, refuse } from '../reference-error.ts';
import type { GcbItem } from './document.ts';
import { type GcbKeys, type GcbKeyUse, gcbKeyUse } from './keys.ts';
import { type GcbStatement, readGcbStatement } from './statement.ts';

export interface GcbOptions extends KeyOptions {
  readonly keys: GcbKeys;
}

export interface SignedItem {
  readonly item: GcbItem;
  readonly statement: GcbStatement;
  readonly keyName: string;
}

/** Signatures that do not hold are told, and decide nothing. */
export async function findSigned(items: readonly GcbItem[], options: GcbOptions): Promise<{ readonly check: Check; readonly signed?: SignedItem }> {
  if (items.length === 0) return { check: noItem() };
  const tried: Check[] = [];
  const problems: string[] = [];
  for (const item of items) {
    const result = await tryItem(item, options);
    tried.push(...result.checks);
    if (result.signed !== undefined) return { check: group(ID, 'a statement in the document is signed by Cloud Build', tried), signed: result.signed };
    problems.push(result.problem);
  }
  return { check: group(ID, 'no statement in the document is signed by Cloud Build', [...tried, noneValid(problems)]) };
}

function noItem(): Check {
  return refuse(ID, {
    error: 'ErrorInvalidDssePayload',
    detail: 'no provenance found',
    code: 'SLSA_GCB_DOCUMENT',
    says: 'the document holds no provenance',
    hint: 'was it made with --show-provenance? Images that were not built by Cloud Build have none',
    spec: SPEC,
  });
}

function noneValid(problems: readonly string[]): Check {
  return refuse(`${ID}.valid`, {
    error: 'ErrorNoValidSignature',
    detail: `[${problems.join(' ')}]`,
    code: 'SLSA_GCB_SIGNATURE',
    says: 'no signature in the document is valid and by a key of Cloud Build',
    spec: SPEC,
  });
}

type ItemResult =
  | { readonly checks: readonly Check[]; readonly signed: SignedItem }
  | { readonly checks: readonly Check[]; readonly signed?: never; readonly problem: string };

async function tryItem(item: GcbItem, options: GcbOptions): Promise<ItemResult> {
  const { payloadType, payload: text, signatures } = item.envelope;
  if (payloadType !== IN_TOTO_PAYLOAD_TYPE)
    return unreadable('ErrorInvalidDssePayload', `payload type '${quote(payloadType)}', expected '${IN_TOTO_PAYLOAD_TYPE}'`);
  const payload = decodeBase64(text);
  if (payload === undefined) return unreadable('ErrorInvalidDssePayload', 'the payload is not base64');
  if (payload.length === 0) return unreadable('ErrorInvalidFormat', 'empty payload');
  if (signatures === null || signatures.length === 0) return unreadable('ErrorNoValidSignature', 'the envelope has no signatures');

  const checks: Check[] = [];
  const problems: string[] = [];
  const decoded = signatures.map(({ sig }) => decodeSignature(sig));
  // DSSE's verifier decodes all signatures before it looks at one.
  const allDecode = !decoded.includes(undefined);
  for (const [i, { keyid }] of signatures.entries()) {
    const use = gcbKeyUse(keyid);
    if (use === undefined) {
      const why = keyid === '' ? 'it names no key' : `the key ${quote(keyid)} is not one of Cloud Build`;
      checks.push(skip(TRIED, `not tried: ${why}`, { optional: true }));
      continue;
    }
    const result = await trySignature(item, payload, use.signs === 'envelope' && !allDecode ? undefined : decoded[i], use, options);
    checks.push(result.check);
    if (result.statement !== undefined) return { checks, signed: { item, statement: result.statement, keyName: use.name } };
    problems.push(result.problem);
  }
  return { checks, problem: reference('ErrorNoValidSignature', `[${problems.join(' ')}]`) };
}

function unreadable(error: ReferenceErrorName, detail: string): ItemResult {
  const check = refuse(TRIED, { error, detail, code: 'SLSA_GCB_DOCUMENT', says: `an envelope cannot be read: ${detail}`, spec: SPEC });
  return { checks: [{ ...check, optional: true }], problem: reference(error, detail) };
}

type SignatureResult =
  | { readonly check: Check; readonly statement: GcbStatement }
  | { readonly check: Check; readonly statement?: never; readonly problem: string };

async function trySignature(
  item: GcbItem,
  payload: Uint8Array,
  signature: Uint8Array | undefined,
  use: GcbKeyUse,
  options: GcbOptions,
): Promise<SignatureResult> {
  const key = options.keys.get(use.name);
  if (key === undefined) return refused('ErrorInternal', `no key named '${quote(use.name)}'`);
  if (signature === undefined) return refused('ErrorInvalidEncoding', 'the signature is not base64');

  const content: BundleContent =
    use.signs === 'envelope'
      ? { kind: 'dsse', payload, payloadType: item.envelope.payloadType, signature, keyid: '' }
      : { kind: 'payload', payload, signature };
  const { root, content: signed } = await verifyWithKey(content, key, options);
  const tree = [root];
  if (signed === undefined) {
    const says = failures(root)[0]?.says ?? root.says;
    const problem = use.signs === 'envelope' ? `${THRESHOLD}: key "${quote(use.name)}"` : reference('ErrorInvalidSignature', `key '${quote(use.name)}'`);
    return { check: group(TRIED, `the key "${quote(use.name)}": ${says}`, tree, { optional: true }), problem };
  }
  return readSigned(signed, use, tree);
}

function readSigned(content: VerifiedContent, use: GcbKeyUse, tree: readonly Check[]): SignatureResult {
  const says = `the key "${quote(use.name)}" signed a statement of version ${use.version}`;
  try {
    const statement = readGcbStatement(content, use.version);
    return { check: group(TRIED, says, tree, { spec: SPEC }), statement };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const unread = refuse(`${TRIED}.statement`, {
      error: 'ErrorInvalidDssePayload',
      detail: error.message,
      code: 'SLSA_STATEMENT',
      says: error.message,
      spec: SPEC,
    });
    const problem = reference('ErrorInvalidDssePayload', error.message);
    const check = group(TRIED, `what the key "${quote(use.name)}" signed is not such a statement`, [...tree, unread], { optional: true });
    return { check, problem };
  }
}

function refused(error: ReferenceErrorName, detail: string): SignatureResult {
  const check = refuse(TRIED, { error, detail, code: 'SLSA_GCB_SIGNATURE', says: `not tried: ${detail}`, spec: SPEC });
  return { check: { ...check, optional: true }, problem: reference(error, detail) };
}

function reference(error: ReferenceErrorName, detail: string): string {
  return `${REFERENCE_ERRORS[error]}: ${detail}`;
}

const ID = 'gcb.signature';
const TRIED = 'gcb.signature.tried';
const THRESHOLD = 'accepted signatures do not match threshold, Found: 0, Expected 1';
const SPEC = 'slsa.md section 1.9';
