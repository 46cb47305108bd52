/**
 * Signatures by a key that somebody manages: no certificate, no log, no proven time. What was signed is judged apart.
 */
import {
  type BundleContent,
  bundleOf,
  type Check,
  type CryptoProvider,
  decodeBase64,
  type PublicKey,
  trustedRootOf,
  type VerifiedContent,
  verify,
} from '@assay/core';

export interface KeyOptions {
  readonly crypto: CryptoProvider;
  readonly now: Date;
}

export interface KeyVerification {
  readonly root: Check;
  /** What was signed; undefined when the signature does not hold. */
  readonly content: VerifiedContent | undefined;
}

export async function verifyWithKey(content: BundleContent, key: PublicKey, { crypto, now }: KeyOptions): Promise<KeyVerification> {
  const bundle = bundleOf({ content, material: { kind: 'publicKey', hint: '' }, entries: [], timestamps: [] });
  const trustedRoot = await trustedRootOf({}, crypto);
  const { root, verified } = await verify(bundle, undefined, { signer: { key }, trustedRoot, crypto, now, logThreshold: 0, opaqueContent: true });
  return { root, content: verified?.content };
}

/** Base64 as DSSE allows it: of either alphabet, but one text of one, and padded. Undefined for anything else. */
export function decodeSignature(text: string): Uint8Array | undefined {
  return decodeBase64(text) ?? (/[+/]/.test(text) ? undefined : decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/')));
}
