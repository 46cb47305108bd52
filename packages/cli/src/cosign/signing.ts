/** What the signing commands share: who signs, which services vouch for it, and what is refused before anything is signed (cosign.md section 5). */

import { writeFileSync } from 'node:fs';
import { Certificate, decodeUtf8, equalBytes, type PublicKey, parseCertificatesPem, type TrustedRoot } from '@assay/core';
import { readFileCapped } from '@assay/net/file';
import { loadSigner, type Signer } from '@assay/sign';
import { parseSigningConfig, SIGNING_CONFIG, type SigningConfig } from '@assay/trust';
import type { Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { withKeyContext } from '../key-context.ts';
import type { ChosenServices } from '../recording.ts';
import type { Loader } from './load.ts';
import { agreeToRecord } from './privacy.ts';
import { servicesOf } from './sign-services.ts';
import { readRoot } from './trust.ts';
import { tufTarget } from './tuf-target.ts';
import { USER_AGENT } from './user-agent.ts';

export interface Signing {
  readonly signer: Signer;
  /** DER of the leaf that `--certificate` names. */
  readonly certificate: Uint8Array | undefined;
  /** PEM of `--certificate-chain`. */
  readonly chain: string | undefined;
  readonly services: ChosenServices;
  /** What the fresh signature is verified with before it is stored. */
  readonly trustedRoot: TrustedRoot | undefined;
}

export function refuseKeyAndToken(flags: ParsedFlags): void {
  if (flags.text('key') === '' || !flags.bool('sk')) return;
  throw new CommandError('exactly one of: key reference (--key), or hardware token (--sk) must be provided');
}

/** Order and texts as cosign has them. `bundlePath` only where a bundle of the older format satisfies a signing configuration. */
export async function openSigning(flags: ParsedFlags, context: Context, loader: Loader, outputs: readonly string[], bundlePath = ''): Promise<Signing> {
  const configured = flags.bool('use-signing-config') || flags.text('signing-config') !== '';
  if (configured && SERVICE_FLAGS.some((name) => flags.given(name) && flags.text(name) !== '')) {
    throw new CommandError('cannot specify service URLs and use signing config');
  }
  if (configured && !flags.bool('tlog-upload')) throw new CommandError(NO_TLOG_WITH_CONFIG);
  if (configured && !flags.bool('new-bundle-format') && bundlePath === '') {
    throw new CommandError('must provide --new-bundle-format or --bundle where applicable with --signing-config or --use-signing-config');
  }
  const trustedRoot = flags.text('trusted-root') === '' ? undefined : await wrapped('loading trusted root', () => readRoot(flags.text('trusted-root')));
  const config = configured ? await signingConfig(flags, context) : undefined;
  if (flags.bool('new-bundle-format')) {
    for (const name of outputs.filter((output) => flags.text(output) !== '')) {
      context.io.stderr(`WARNING: --${name} is deprecated when using --new-bundle-format and will be ignored\n`);
    }
  }
  const signer = await openSigner(flags, context);
  const { certificate, chain } = await certificatesOf(flags, signer.publicKey, loader);
  return { signer, certificate: certificate ?? signer.certificate?.der, chain, services: servicesOf(config, flags, context), trustedRoot };
}

async function signingConfig(flags: ParsedFlags, { io }: Context): Promise<SigningConfig> {
  const file = flags.text('signing-config');
  if (file !== '') return wrapped('error reading signing config from file', () => parseSigningConfig(readFileCapped(file, MAX_CONFIG_BYTES)));
  return wrapped('error getting signing config from TUF', async () => parseSigningConfig(await tufTarget(SIGNING_CONFIG, io)));
}

async function openSigner(flags: ParsedFlags, context: Context): Promise<Signer> {
  const reference = flags.text('key');
  if (flags.bool('sk')) throw new CommandError('opening piv token: hardware keys are not supported here; use a key on a PKCS#11 token: --key pkcs11:…');
  if (reference === '') {
    throw new CommandError('signing without a key needs a certificate authority, which is not supported here yet; pass --key');
  }
  return wrapped('reading key', () => withKeyContext({ ...context, userAgent: USER_AGENT }, (keys) => loadSigner(reference, keys)));
}

/** `--certificate` and `--certificate-chain`: the leaf must be of the key, and the chain must be its issuers'. */
async function certificatesOf(flags: ParsedFlags, key: PublicKey, loader: Loader): Promise<{ certificate?: Uint8Array; chain?: string }> {
  const leafPath = flags.text('certificate');
  const chainPath = flags.text('certificate-chain');
  if (leafPath === '' && chainPath !== '') throw new CommandError('no leaf certificate found or provided while specifying chain');
  if (leafPath === '') return {};
  const leaf = await readLeaf(leafPath, loader);
  if (!equalBytes(leaf.publicKey.spki, key.spki)) throw new CommandError('public key in certificate does not match the provided public key');
  if (chainPath === '') return { certificate: leaf.der };
  const chain = decodeUtf8(await loader.bytes(chainPath)) ?? '';
  const issuers = await wrapped('unable to validate certificate chain', () => parseCertificatesPem(chain));
  if (issuers.length === 0) throw new CommandError('unable to validate certificate chain: no certificate found');
  return { certificate: leaf.der, chain };
}

async function readLeaf(path: string, loader: Loader): Promise<Certificate> {
  return wrapped('loading certificate', async () => {
    const content = await loader.bytes(path);
    if (decodeUtf8(content)?.includes('-----BEGIN') === true)
      return (parseCertificatesPem(decodeUtf8(content) ?? '')[0] ?? Certificate.parse(content)) as Certificate;
    return Certificate.parse(content);
  });
}

/** A signing configuration stands for consent; without one, a public record is asked for. */
export async function askToRecord(flags: ParsedFlags, context: Context, { services }: Signing): Promise<void> {
  const configured = flags.bool('use-signing-config') || flags.text('signing-config') !== '';
  if (!configured && services.logs.length > 0) await agreeToRecord(flags, context);
}

export function writeBundleFile(bundle: Uint8Array | string, flags: ParsedFlags, { io }: Context): void {
  const file = flags.text('bundle');
  if (file === '') return;
  writeFileSync(file, bundle, { mode: 0o600 });
  io.stderr(`Wrote bundle to file ${file}\n`);
}

const SERVICE_FLAGS = ['rekor-url', 'fulcio-url', 'oidc-issuer', 'timestamp-server-url'];
const NO_TLOG_WITH_CONFIG =
  "--tlog-upload=false is not supported with --signing-config or --use-signing-config. Provide a signing config with --signing-config without a transparency log service, which can be created with `cosign signing-config create` or `curl https://raw.githubusercontent.com/sigstore/root-signing/refs/heads/main/targets/signing_config.v0.2.json | jq 'del(.rekorTlogUrls)'` for the public instance";
const MAX_CONFIG_BYTES = 1024 * 1024;
