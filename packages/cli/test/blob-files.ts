/** Every kind of evidence the blob commands read, in one folder; file names are what the tables of command lines use. */
import { encodeBase64, toHex, utf8 } from '@assay/core';
import { digest, generateKey, sha256 } from '@assay/make';
import { type Instance, impostorOf } from '@assay/testkit';
import { ARTIFACT, certificatePemOf, chainPem, detachedSctOf, instanceAndRoot, legacyBundleOf, signatureOf, timestampFileOf } from './material.ts';
import type { Scratch } from './run-cli.ts';

export interface BlobFiles {
  readonly instance: Instance;
  /** `sha256:…` of `a.txt`. */
  readonly digest: string;
  /** The variables that name loose trust. */
  readonly looseTrust: Readonly<Record<string, string>>;
  readonly literals: { readonly signature: string; readonly keySignature: string; readonly certificate: string };
}

/**
 * Message bundles `v1 v2 v01 tsa key keytsa`, envelopes `dsse dsse2 keydsse`, older ones `old oldkey olddsse oldkeydsse oldbare`, loose files
 * `a.pem a.pem.b64 a.sig a.sig.raw key.sig`, trust `root.json chain.pem ca-root.pem ca-intermediate.pem …`.
 */
export function writeBlobFiles(scratch: Scratch): BlobFiles {
  const { instance, root } = instanceAndRoot();
  const key = generateKey('p256');
  scratch.write('a.txt', ARTIFACT);
  scratch.write('b.txt', 'something else\n');
  scratch.write('root.json', root);
  scratch.write('key.pub', key.publicPem);
  scratch.write('other.pub', generateKey('p256').publicPem);
  scratch.write('p384.pub', generateKey('p384').publicPem);

  const message = instance.sign(ARTIFACT);
  const bundles = {
    v1: message,
    v2: instance.sign(ARTIFACT, { log: 'v2' }),
    v01: instance.sign(ARTIFACT, { version: '0.1' }),
    tsa: instance.sign(ARTIFACT, { timestamp: true, embedTsaCertificate: true }),
    nolog: instance.sign(ARTIFACT, { log: 'none', timestamp: true, embedTsaCertificate: true }),
    noscts: instance.sign(ARTIFACT, { alter: { scts: () => [] } }),
    wrongca: instance.sign(ARTIFACT, { alter: { issuer: impostorOf } }),
    late: instance.sign(ARTIFACT, { integratedAt: new Date(instance.now.getTime() - 600_000) }),
    badsig: instance.sign(ARTIFACT, { alter: { signature: flipLast } }),
    key: instance.sign(ARTIFACT, { key }),
    keytsa: instance.sign(ARTIFACT, { key, timestamp: true, embedTsaCertificate: true }),
    keynolog: instance.sign(ARTIFACT, { key, log: 'none', timestamp: false }),
    dsse: instance.sign(ARTIFACT, { content: 'dsse' }),
    dssetsa: instance.sign(ARTIFACT, { content: 'dsse', timestamp: true, embedTsaCertificate: true }),
    dsse2: instance.sign(ARTIFACT, { content: 'dsse', log: 'v2' }),
    keydsse: instance.sign(ARTIFACT, { content: 'dsse', key }),
  };
  for (const [name, sample] of Object.entries(bundles)) scratch.write(`${name}.json`, sample.bundleBytes);

  scratch.write('app.tgz', ARTIFACT);
  scratch.write('app.tgz.sigstore.json', message.bundleBytes);
  scratch.write('changed.json', changedOnce(message.bundleBytes));
  scratch.write('mixed.jsonl', ['{}', changedOnce(message.bundleBytes), Buffer.from(message.bundleBytes).toString()].join('\n'));
  scratch.write('bad.jsonl', ['{}', changedOnce(message.bundleBytes)].join('\n'));

  scratch.write('old.json', legacyBundleOf(message));
  scratch.write('oldkey.json', legacyBundleOf(bundles.key, key));
  scratch.write('oldbare.json', { base64Signature: signatureOf(bundles.keynolog) });
  scratch.write('oldother.json', { ...legacyBundleOf(message), cert: legacyBundleOf(bundles.tsa).cert });
  scratch.write('oldset.json', withBrokenSet(legacyBundleOf(message)));
  scratch.write('oldnolog.json', { ...legacyBundleOf(message), rekorBundle: undefined });
  scratch.write('oldlate.json', legacyBundleOf(bundles.late));
  scratch.write('oldnoscts.json', legacyBundleOf(bundles.noscts));
  scratch.write('oldwrongca.json', legacyBundleOf(bundles.wrongca));
  scratch.write('olddsse.json', legacyBundleOf(bundles.dsse));
  scratch.write('oldkeydsse.json', legacyBundleOf(bundles.keydsse, key));

  const pem = certificatePemOf(message);
  scratch.write('a.pem', pem);
  scratch.write('a.pem.b64', encodeBase64(utf8(pem)));
  scratch.write('other.pem', certificatePemOf(bundles.tsa));
  scratch.write('a.sig', `${signatureOf(message)}\n`);
  scratch.write('a.sig.raw', message.expected.signature);
  scratch.write('key.sig', signatureOf(bundles.keynolog));
  scratch.write('a.dsse', JSON.stringify(bundles.dsse.bundle.dsseEnvelope));
  scratch.write('dsse.pem', certificatePemOf(bundles.dsse));
  scratch.write('key.dsse', JSON.stringify(bundles.keydsse.bundle.dsseEnvelope));
  scratch.write('a.tsr.json', timestampFileOf(instance, message.expected.signature));
  scratch.write('key.tsr.json', timestampFileOf(instance, bundles.keynolog.expected.signature));

  const [intermediate, anchor] = instance.ca.map(({ certificate }) => certificate) as [Uint8Array, Uint8Array];
  scratch.write('chain.pem', chainPem([intermediate, anchor]));
  scratch.write('ca-root.pem', chainPem([anchor]));
  scratch.write('ca-intermediate.pem', chainPem([intermediate]));
  scratch.write('tsa-chain.pem', chainPem(instance.tsaChain));
  scratch.write('wrong-ca.pem', chainPem([impostorOf(instance.issuer).certificate]));
  scratch.write('rekor.pub', instance.rekorV1.key.publicPem);
  scratch.write('ct.pub', instance.ctLog.key.publicPem);

  scratch.write('noscts.pem', certificatePemOf(bundles.noscts));
  scratch.write('noscts.sig', signatureOf(bundles.noscts));
  scratch.write('noscts.tsr.json', timestampFileOf(instance, bundles.noscts.expected.signature));
  scratch.write('noscts.sct', detachedSctOf(instance, bundles.noscts.expected.certificate as Uint8Array));

  return {
    instance,
    digest: `sha256:${toHex(sha256(ARTIFACT))}`,
    looseTrust: {
      SIGSTORE_ROOT_FILE: scratch.path('chain.pem'),
      SIGSTORE_REKOR_PUBLIC_KEY: scratch.path('rekor.pub'),
      SIGSTORE_CT_LOG_PUBLIC_KEY_FILE: scratch.path('ct.pub'),
      SIGSTORE_TSA_CERTIFICATE_FILE: scratch.path('tsa-chain.pem'),
    },
    literals: { signature: signatureOf(message), keySignature: signatureOf(bundles.keynolog), certificate: pem },
  };
}

export function hexDigestOf(algorithm: 'sha256' | 'sha384' | 'sha512', content = ARTIFACT): string {
  return toHex(digest(algorithm, content));
}

/** One character of the signature, in the middle of a number, is another. */
function changedOnce(bundle: Uint8Array): string {
  const text = Buffer.from(bundle).toString();
  const at = text.indexOf('"signature":"') + '"signature":"'.length + 30;
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
}

function flipLast(signature: Uint8Array): Uint8Array {
  return signature.with(-1, (signature.at(-1) as number) ^ 1);
}

function withBrokenSet(bundle: ReturnType<typeof legacyBundleOf>): object {
  const set = Buffer.from(bundle.rekorBundle?.SignedEntryTimestamp ?? '', 'base64');
  return { ...bundle, rekorBundle: { ...bundle.rekorBundle, SignedEntryTimestamp: encodeBase64(flipLast(set)) } };
}
