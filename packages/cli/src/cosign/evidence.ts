/** Reading the evidence of the blob commands: a Sigstore bundle, cosign 2's bundle, or loose files. */
import {
  type Bundle,
  Certificate,
  equalBytes,
  isTrustError,
  type LegacyBundle,
  MAX_BUNDLE_BYTES,
  type PublicKey,
  parseBundle,
  parseLegacyBundle,
  parsePem,
} from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { named } from '../named.ts';

/** The file of `--bundle`: which of the two formats it is decides which path is taken. */
export type BundleFile = { readonly form: 'sigstore'; readonly bundle: Bundle } | { readonly form: 'legacy'; readonly bundle: LegacyBundle };

/**
 * Sniffs as cosign does, but believes what a document says of itself: one with a Sigstore media type is never tried as the older format, so that
 * its own mistake is what the user reads. Undefined without `--bundle`.
 */
export function readBundleFile(flags: ParsedFlags): BundleFile | undefined {
  const file = flags.text('bundle');
  if (file === '') return undefined;
  const content = readFileCapped(file, MAX_BUNDLE_BYTES);
  if (flags.bool('new-bundle-format') && looksLikeSigstoreBundle(content)) {
    const allowCertificateChain = flags.bool('allow-certificate-chain');
    return { form: 'sigstore', bundle: named(file, () => parseBundle(content, { allowCertificateChain })) };
  }
  return { form: 'legacy', bundle: named(file, () => parseLegacyBundle(content)) };
}

/** Whether `--bundle` names a Sigstore bundle; false when it cannot be read, which is told later. */
export function isSigstoreBundle(flags: ParsedFlags): boolean {
  const file = flags.text('bundle');
  if (file === '' || !flags.bool('new-bundle-format')) return false;
  try {
    return looksLikeSigstoreBundle(readFileCapped(file, MAX_BUNDLE_BYTES));
  } catch (error) {
    if (isTrustError(error)) return false;
    throw error;
  }
}

/** By text, so that the document is parsed once. What is not JSON at all goes to the stricter parser, which says precisely why. */
function looksLikeSigstoreBundle(content: Uint8Array): boolean {
  const text = new TextDecoder().decode(content);
  return !text.trimStart().startsWith('{') || /"(?:mediaType|verificationMaterial)"/.test(text);
}

/** Flags that only make sense for loose files, and what cosign says when they come with a Sigstore bundle. */
const LOOSE_ONLY: readonly (readonly [string, string])[] = [
  ['certificate', 'certificate must be in bundle and may not be provided using --certificate'],
  ['certificate-chain', 'certificate chain must be in bundle and may not be provided using --certificate-chain'],
  ['ca-roots', 'CA roots/intermediates must be provided using --trusted-root'],
  ['ca-intermediates', 'CA roots/intermediates must be provided using --trusted-root'],
  ['timestamp-certificate-chain', 'TSA certificate chain path may only be provided using --trusted-root'],
  ['rfc3161-timestamp', 'RFC3161 timestamp may not be provided using --rfc3161-timestamp'],
  ['signature', 'signature may not be provided using --signature'],
  ['sct', 'SCT may not be provided using --sct'],
];

/** `except`: what a command ignores, as cosign does. */
export function refuseLooseFlags(flags: ParsedFlags, except?: string): void {
  const given = LOOSE_ONLY.find(([name]) => name !== except && flags.text(name) !== '');
  if (given !== undefined) throw new CommandError(`unsupported: ${given[1]} when using --new-bundle-format`);
}

export function refuseBundleFlags(flags: ParsedFlags): void {
  if (flags.text('trusted-root') !== '') throw new CommandError('--trusted-root only supported with --new-bundle-format');
  const timestamps = flags.bool('use-signed-timestamps') || flags.text('timestamp-certificate-chain') !== '';
  if (flags.text('rfc3161-timestamp') !== '' && !timestamps) {
    throw new CommandError('when specifying --rfc3161-timestamp-path, you must also specify --use-signed-timestamps or --timestamp-certificate-chain');
  }
  if (flags.text('rfc3161-timestamp') === '' && timestamps) {
    throw new CommandError('when specifying --use-signed-timestamps or --timestamp-certificate-chain, you must also specify --rfc3161-timestamp-path');
  }
}

/** The certificate an older bundle carries; undefined when it carries a public key or nothing. */
function certificateOf({ certificatePem }: LegacyBundle): Certificate | undefined {
  if (certificatePem === undefined) return undefined;
  const [block] = parsePem(certificatePem).blocks;
  if (block === undefined) throw new CommandError('loading verifier certificate from bundle: no PEM block found');
  if (block.label !== 'CERTIFICATE') return undefined;
  try {
    return Certificate.parse(block.der);
  } catch (error) {
    if (isTrustError(error)) throw new CommandError(`loading verifier certificate from bundle: ${error.message}`);
    throw error;
  }
}

/** The signing certificate of loose evidence: named by flag or carried by an older bundle, and the same where both are. None when a key decides. */
export function looseCertificate(
  named: { readonly key: PublicKey | undefined; readonly certificate: Certificate | undefined },
  legacy: LegacyBundle | undefined,
): Certificate | undefined {
  if (named.key !== undefined) return undefined;
  const carried = legacy && certificateOf(legacy);
  if (named.certificate !== undefined && carried !== undefined && !equalBytes(named.certificate.der, carried.der)) {
    throw new CommandError('the cert passed in does not match the cert in the provided bundle');
  }
  const certificate = named.certificate ?? carried;
  if (legacy !== undefined && certificate === undefined) throw new CommandError('bundle does not contain cert for verification, please provide public key');
  return certificate;
}
