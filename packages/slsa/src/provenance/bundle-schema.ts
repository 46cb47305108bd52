/** The members of a Sigstore bundle, by protobuf's JSON names, in the order of the schema (sigstore_bundle.proto). */

/** `value`: text or number. `[shape]`: a list. An object: its members, by protobuf's JSON name. */
export type Form = 'value' | readonly [Form] | { readonly [name: string]: Form };

const CERTIFICATE = { rawBytes: 'value' } as const;

export const BUNDLE_SCHEMA: Form = {
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
