/**
 * Whether a file is a Sigstore bundle, by the letter of protobuf's JSON (slsa.md section 1.4): one object, all of whose members are known, each of its
 * kind. What is not one is read as an envelope instead; whether a bundle is complete is asked later.
 */
import { isJsonObject, type Json, JsonError, parseJson } from '@assay/core';

/** `value`: text or number. `[shape]`: a list. An object: its members, by protobuf's JSON name. */
type Form = 'value' | readonly [Form] | { readonly [name: string]: Form };

export function isBundleForm(file: Uint8Array): boolean {
  try {
    const document = parseJson(file);
    return isJsonObject(document) && fits(document, BUNDLE);
  } catch (error) {
    if (error instanceof JsonError) return false;
    throw error;
  }
}

/** `null` stands for what is absent. */
function fits(value: Json, form: Form): boolean {
  if (value === null) return true;
  if (form === 'value') return typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint';
  if (isList(form)) return Array.isArray(value) && value.every((item) => item !== null && fits(item, form[0]));
  return (
    isJsonObject(value) &&
    Object.entries(value).every(([name, member]) => {
      const known = [name, camelCase(name)].find((one) => Object.hasOwn(form, one));
      return known !== undefined && fits(member, form[known] as Form);
    })
  );
}

function isList(form: Exclude<Form, 'value'>): form is readonly [Form] {
  return Array.isArray(form);
}

/** Protobuf takes its own names too. */
function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const CERTIFICATE = { rawBytes: 'value' } as const;

const BUNDLE: Form = {
  mediaType: 'value',
  verificationMaterial: {
    publicKey: { hint: 'value' },
    x509CertificateChain: { certificates: [CERTIFICATE] },
    certificate: CERTIFICATE,
    tlogEntries: [
      {
        logIndex: 'value',
        logId: { keyId: 'value' },
        kindVersion: { kind: 'value', version: 'value' },
        integratedTime: 'value',
        inclusionPromise: { signedEntryTimestamp: 'value' },
        inclusionProof: { logIndex: 'value', rootHash: 'value', treeSize: 'value', hashes: ['value'], checkpoint: { envelope: 'value' } },
        canonicalizedBody: 'value',
      },
    ],
    timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: 'value' }] },
  },
  messageSignature: { messageDigest: { algorithm: 'value', digest: 'value' }, signature: 'value' },
  dsseEnvelope: { payload: 'value', payloadType: 'value', signatures: [{ sig: 'value', keyid: 'value' }] },
};
