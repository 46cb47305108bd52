/** Signed things on disk for the tests of the command line: bundles new and old, and loose files, made by the testkit. */
import { encodeBase64, encodePem, utf8 } from '@assay/core';
import type { SigningKey } from '@assay/make';
import { type BundleJson, type CtEntry, encodeDigitallySigned, imprintOf, issueTimestamp, signSct } from '@assay/make';
import { createInstance, DEFAULT_CLAIMS, DEFAULT_IDENTITY, DEFAULT_NOW, type Instance, type Sample } from '@assay/testkit';

export const SAN = DEFAULT_IDENTITY.san;
export const ISSUER = DEFAULT_CLAIMS.iss;
export const ARTIFACT = utf8('the artifact under test\n');

/** What `assay verify` and `cosign` are told about the signer. */
export const NATIVE_SIGNER = ['--identity', SAN, '--issuer', ISSUER] as const;
export const COSIGN_SIGNER = ['--certificate-identity', SAN, '--certificate-oidc-issuer', ISSUER] as const;

/** One instance per test file: its keys are made once. */
export function instanceAndRoot(options?: Parameters<typeof createInstance>[0]): { instance: Instance; root: string } {
  const instance = createInstance(options);
  return { instance, root: JSON.stringify(instance.trustedRoot()) };
}

export function certificatePemOf(sample: Sample): string {
  return encodePem('CERTIFICATE', sample.expected.certificate as Uint8Array);
}

export function signatureOf(sample: Sample): string {
  return encodeBase64(sample.expected.signature);
}

/** Cosign 2's bundle of the same signing. For envelopes the signature is the whole envelope, as `attest-blob` writes it. */
export function legacyBundleOf({ bundle, expected }: Sample, key?: SigningKey): LegacyBundleJson {
  const [entry] = bundle.verificationMaterial.tlogEntries;
  const pem = expected.certificate === undefined ? key?.publicPem : encodePem('CERTIFICATE', expected.certificate);
  return {
    base64Signature: encodeBase64(bundle.dsseEnvelope === undefined ? expected.signature : utf8(JSON.stringify(bundle.dsseEnvelope))),
    ...(pem !== undefined && { cert: encodeBase64(utf8(pem)) }),
    ...(entry !== undefined && { rekorBundle: rekorBundleOf(entry) }),
  };
}

export interface LegacyBundleJson {
  base64Signature: string;
  cert?: string;
  rekorBundle?: RekorBundleJson;
}

interface RekorBundleJson {
  SignedEntryTimestamp: string;
  Payload: { body: string; integratedTime: number; logIndex: number; logID: string };
}

type TlogEntry = BundleJson['verificationMaterial']['tlogEntries'][number];

export function rekorBundleOf(entry: TlogEntry): RekorBundleJson {
  return {
    SignedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp ?? '',
    Payload: {
      body: entry.canonicalizedBody,
      integratedTime: Number(entry.integratedTime),
      logIndex: Number(entry.logIndex),
      logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
    },
  };
}

/** What `--rfc3161-timestamp` names: cosign's JSON around the response. */
export function timestampFileOf(instance: Instance, signature: Uint8Array, genTime = new Date(DEFAULT_NOW.getTime() - 3_598_000)): object {
  const response = issueTimestamp({ signer: instance.tsaSigner, imprint: imprintOf(signature), genTime, embedCertificate: true });
  return { SignedRFC3161Timestamp: encodeBase64(response) };
}

/** What `--sct` names: the answer of a CT log to `add-chain`, which old authorities handed on. */
export function detachedSctOf(instance: Instance, certificate: Uint8Array): object {
  const entry: CtEntry = { type: 'x509', certificate };
  const sct = signSct(instance.ctLog.key, { entry, timestampMs: DEFAULT_NOW.getTime() - 3_600_000 });
  return {
    sct_version: 0,
    id: encodeBase64(instance.ctLog.logId),
    timestamp: sct.timestampMs,
    extensions: '',
    signature: encodeBase64(encodeDigitallySigned(sct)),
  };
}

export function chainPem(certificates: readonly Uint8Array[]): string {
  return certificates.map((certificate) => encodePem('CERTIFICATE', certificate)).join('');
}
