/** A verification summary in a DSSE envelope, signed by a key: what `slsa-verifier verify-vsa` judges, step by step (slsa.md section 1.11). */
import { type Check, decodeUtf8, group, isTrustError, keyText, type PublicKey, parsePublicKeyPem, pass, skip, TrustError } from '@assay/core';
import type { KeyOptions } from '../key-signature.ts';
import { ModelError } from '../model.ts';
import { refuse } from '../reference-error.ts';
import { parseVsaEnvelope, type VsaEnvelope } from './envelope.ts';
import { judgeVsa, type VsaDemands } from './judge.ts';
import { checkVsaSignature } from './signature.ts';
import type { VerificationSummary } from './summary.ts';

export interface VsaSigner {
  /** A key, or the bytes of its PEM file (`PUBLIC KEY`). */
  readonly key: PublicKey | Uint8Array;
  /** The name that signatures must have for it, if they name their key. Default, and when empty: its OpenSSH fingerprint. */
  readonly keyId?: string | undefined;
}

export interface VsaResult {
  readonly ok: boolean;
  /** The first failed leaf is what the reference would print. */
  readonly root: Check;
  /** This and the payload only when all is well. */
  readonly summary: VerificationSummary | undefined;
  /** The signed bytes as they are: the statement. */
  readonly payload: Uint8Array | undefined;
}

/** Whatever the attestation is, the result is a tree. */
export async function verifyVsa(attestation: Uint8Array, signer: VsaSigner, demands: VsaDemands, options: KeyOptions): Promise<VsaResult> {
  const key = readKey(signer.key);
  const envelope = readEnvelope(attestation);
  if (key.value === undefined || envelope.value === undefined) return conclude([key.check, envelope.check, ...notReached('vsa.signature', ...DEMANDS)]);
  const { check, content } = await checkVsaSignature(envelope.value, key.value, signer.keyId, options);
  if (content === undefined) return conclude([key.check, envelope.check, check, ...notReached(...DEMANDS)]);
  const { checks, summary } = judgeVsa(content, demands);
  return conclude([key.check, envelope.check, check, ...checks], summary, content.bytes);
}

function conclude(checks: readonly Check[], summary?: VerificationSummary, payload?: Uint8Array): VsaResult {
  const says = { pass: 'the summary says what is demanded', fail: 'the summary does not hold' };
  const root = group('vsa', says, checks, { spec: SPEC });
  const ok = root.status === 'pass' && summary !== undefined;
  return { ok, root, summary: ok ? summary : undefined, payload: ok ? payload : undefined };
}

const DEMANDS = ['vsa.statement', 'vsa.subject', 'vsa.verifier', 'vsa.resource', 'vsa.result', 'vsa.levels'];

function notReached(...ids: readonly string[]): Check[] {
  return ids.map((id) => skip(id, 'not looked at: nothing that is signed can be read'));
}

interface Read<T> {
  readonly check: Check;
  readonly value?: T;
}

function readKey(key: PublicKey | Uint8Array): Read<PublicKey> {
  const id = 'vsa.key';
  try {
    const value = key instanceof Uint8Array ? parsePublicKeyPem(textOf(key)) : key;
    return { check: pass(id, `to be signed by a ${keyText(value)} key`), value };
  } catch (error) {
    if (!isTrustError(error)) throw error;
    const { code, message, hint } = error;
    return { check: refuse(id, { error: 'ErrorInvalidPublicKey', detail: message, code, says: message, hint, spec: SPEC }) };
  }
}

function textOf(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new TrustError('KEY_PARSE', 'public key: not PEM text');
  return text;
}

function readEnvelope(attestation: Uint8Array): Read<VsaEnvelope> {
  const id = 'vsa.envelope';
  try {
    return { value: parseVsaEnvelope(attestation), check: pass(id, 'the attestation is an envelope with a statement', { spec: SPEC }) };
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const says = `the attestation cannot be read: ${error.message}`;
    return { check: refuse(id, { error: 'ErrorInvalidDssePayload', detail: error.message, code: 'VSA_STATEMENT', says, spec: SPEC }) };
  }
}

const SPEC = 'slsa.md section 1.11';
