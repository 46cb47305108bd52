/** Bundles for `bundle inspect` and `bundle upgrade`: incomplete ones, unusual ones, and one that breaks every rule it can. */
import { encodeBase64, utf8 } from '@assay/core';
import { type BundleJson, generateKey } from '@assay/make';
import { createInstance, type Instance } from '@assay/testkit';
import { ARTIFACT } from './material.ts';
import type { Scratch } from './run-cli.ts';

/** `v01noproof v02chain rules norules`, each `.json`; keys `ed25519.pub rsa.pub`. */
export function writeOddBundles(scratch: Scratch, instance: Instance): void {
  const { bundle } = instance.sign(ARTIFACT, { version: '0.1' });
  scratch.write('v01noproof.json', withoutProofs(bundle));
  // Another instance, whose authorities have RSA keys.
  const other = createInstance({ caKey: 'rsa2048' });
  scratch.write('v02chain.json', withChain(other.sign(ARTIFACT, { version: '0.2' }).bundle, other));
  scratch.write('rules.json', breakingRules(instance.sign(ARTIFACT, { content: 'dsse' }).bundle));
  scratch.write('norules.json', { mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.4', verificationMaterial: { publicKey: {} } });
  scratch.write('empty.json', {});
  for (const [name, type] of [
    ['ed25519', 'ed25519'],
    ['rsa', 'rsa2048'],
  ] as const)
    scratch.write(`${name}.pub`, generateKey(type).publicPem);
}

export function withoutProofs(bundle: BundleJson): BundleJson {
  const tlogEntries = bundle.verificationMaterial.tlogEntries.map(({ inclusionProof: _, ...entry }) => entry);
  return { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, tlogEntries } };
}

function withChain(bundle: BundleJson, { ca }: Instance): BundleJson {
  const [leaf] = bundle.verificationMaterial.x509CertificateChain?.certificates ?? [];
  const others = ca.map(({ certificate }) => ({ rawBytes: encodeBase64(certificate) }));
  return { ...bundle, verificationMaterial: { ...bundle.verificationMaterial, x509CertificateChain: { certificates: [...(leaf ? [leaf] : []), ...others] } } };
}

/** A chain where a certificate is due, an entry without a proof, two signatures, hints that differ, a checkpoint that is none, and a token likewise. */
function breakingRules(bundle: BundleJson): object {
  const [entry] = bundle.verificationMaterial.tlogEntries;
  const bare = { ...entry, inclusionProof: undefined, inclusionPromise: undefined, integratedTime: undefined };
  const illegible = {
    ...entry,
    logId: { keyId: encodeBase64(new Uint8Array(32)) },
    inclusionProof: { ...entry?.inclusionProof, checkpoint: { envelope: 'x' } },
  };
  const signature = { sig: bundle.dsseEnvelope?.signatures[0]?.sig, keyid: encodeBase64(utf8('a key')) };
  return {
    ...bundle,
    verificationMaterial: {
      x509CertificateChain: {},
      tlogEntries: [bare, illegible],
      timestampVerificationData: { rfc3161Timestamps: [{ signedTimestamp: encodeBase64(utf8('none')) }] },
    },
    dsseEnvelope: { ...bundle.dsseEnvelope, signatures: [signature, { ...signature, keyid: 'not base64' }] },
  };
}
