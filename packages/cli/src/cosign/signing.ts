/** What the signing commands share: who signs, which services vouch for it, and what is refused before anything is signed (cosign.md section 5). */

import { writeFileSync } from 'node:fs';
import { Certificate, decodeUtf8, equalBytes, type PublicKey, parseCertificatesPem, type TrustedRoot } from '@assay/core';
import type { HttpClient } from '@assay/net';
import { readFileCapped } from '@assay/net/file';
import { type KeylessSigner, loadSigner, type Signer } from '@assay/sign';
import { parseSigningConfig, type SigningConfig } from '@assay/trust/signing-config';
import type { Context } from '../cobra/command.ts';
import { CommandError, messageOf, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { withKeyContext } from '../key-context.ts';
import type { ChosenServices } from '../recording.ts';
import type { Loader } from './load.ts';
import { agreeToRecord } from './privacy.ts';
import { servicesOf } from './sign-services.ts';
import { publicRoot, readRoot } from './trust.ts';
import { USER_AGENT } from './user-agent.ts';

export interface Signing {
  readonly services: ChosenServices;
  /** A signing configuration is in use: it stands for consent to a public record. */
  readonly configured: boolean;
  /** What the fresh signature is verified with before it is stored. */
  readonly trustedRoot: TrustedRoot | undefined;
  /** The loader's, for all services. */
  readonly http: HttpClient;
  /** The same one each time. Made when first asked for, since a person is told and asked things before. */
  readonly party: () => Promise<SigningParty>;
}

/** Who signs. */
export interface SigningParty {
  readonly signer: Signer;
  /** Whoever gets certificates for the signer's key; undefined for keys that stand for themselves. */
  readonly keyless: KeylessSigner | undefined;
  /** DER of the leaf that `--certificate` names. */
  readonly certificate: Uint8Array | undefined;
  /** PEM of `--certificate-chain`. */
  readonly chain: string | undefined;
}

export function refuseKeyAndToken(flags: ParsedFlags): void {
  if (flags.text('key') === '' || !flags.bool('sk')) return;
  throw new CommandError('exactly one of: key reference (--key), or hardware token (--sk) must be provided');
}

/** Order and texts as cosign has them. `bundlePath` only where a bundle of the older format satisfies a signing configuration. */
export async function openSigning(flags: ParsedFlags, context: Context, loader: Loader, outputs: readonly string[], bundlePath = ''): Promise<Signing> {
  const configured = flags.bool('use-signing-config') || flags.text('signing-config') !== '';
  const clientSecret = await wrapped('reading OIDC client secret', () => secretIn(flags.text('oidc-client-secret-file')));
  if (configured && SERVICE_FLAGS.some((name) => flags.given(name) && flags.text(name) !== '')) {
    throw new CommandError('cannot specify service URLs and use signing config');
  }
  if (configured && !flags.bool('tlog-upload')) throw new CommandError(NO_TLOG_WITH_CONFIG);
  if (configured && !flags.bool('new-bundle-format') && bundlePath === '') {
    throw new CommandError('must provide --new-bundle-format or --bundle where applicable with --signing-config or --use-signing-config');
  }
  const trustedRoot = await trustFor(flags, context, configured);
  const config = configured ? await signingConfig(flags, context) : undefined;
  if (flags.bool('new-bundle-format')) {
    for (const name of outputs.filter((output) => flags.text(output) !== '')) {
      context.io.stderr(`WARNING: --${name} is deprecated when using --new-bundle-format and will be ignored\n`);
    }
  }
  const services = servicesOf(config, flags, context);
  let opened: Promise<SigningParty> | undefined;
  const party = (): Promise<SigningParty> => {
    opened ??= openParty({ flags, context, loader, services, clientSecret });
    return opened;
  };
  return { services, configured, trustedRoot, http: loader.http, party };
}

function secretIn(file: string): string | undefined {
  return file === '' ? undefined : new TextDecoder().decode(readFileCapped(file, MAX_SECRET_BYTES)).trim();
}

/** As cosign: certificates are always checked, unless a variable names the one key that would be needed of the trusted root. */
async function trustFor(flags: ParsedFlags, { io }: Context, configured: boolean): Promise<TrustedRoot | undefined> {
  const file = flags.text('trusted-root');
  if (file !== '') return wrapped('loading trusted root', () => readRoot(file));
  const certified = flags.text('key') === '' || flags.bool('issue-certificate');
  if (!certified || (!configured && io.env['SIGSTORE_CT_LOG_PUBLIC_KEY_FILE'])) return undefined;
  try {
    return await publicRoot(io);
  } catch (error) {
    io.stderr(`WARNING: ${NO_TUF} ${messageOf(error)}\n`);
    return undefined;
  }
}

async function signingConfig(flags: ParsedFlags, { io }: Context): Promise<SigningConfig> {
  const file = flags.text('signing-config');
  if (file !== '') return wrapped('error reading signing config from file', () => parseSigningConfig(readFileCapped(file, MAX_CONFIG_BYTES)));
  return wrapped('error getting signing config from TUF', async () => {
    const { publishedSigningConfig } = await import('./tuf-target.ts'); // costs start-up
    return parseSigningConfig(await publishedSigningConfig(io));
  });
}

interface PartyOptions {
  readonly flags: ParsedFlags;
  readonly context: Context;
  readonly loader: Loader;
  readonly services: ChosenServices;
  readonly clientSecret: string | undefined;
}

function openParty(options: PartyOptions): Promise<SigningParty> {
  return wrapped('getting keypair and token', async () => {
    const { flags, context, loader } = options;
    if (flags.bool('sk')) {
      throw new CommandError('getting signer: opening piv token: hardware keys are not supported here; use a key on a PKCS#11 token: --key pkcs11:…');
    }
    if (flags.text('key') === '') return openKeyless(undefined, options);
    const { signer, certificate, chain } = await wrapped('getting signer', async () => {
      const key = await openSigner(flags.text('key'), context);
      const named = await certificatesOf(flags, key.publicKey, loader);
      return { signer: key, certificate: named.certificate ?? key.certificate?.der, chain: named.chain };
    });
    return flags.bool('issue-certificate') ? openKeyless(signer, options) : { signer, certificate, chain, keyless: undefined };
  });
}

/** Read only when no key is given: tokens and logins are a world of their own. */
async function openKeyless(key: Signer | undefined, options: PartyOptions): Promise<SigningParty> {
  const { keylessOf } = await import('./keyless.ts');
  const keyless = await keylessOf(key, options);
  return { signer: keyless.signer, keyless, certificate: undefined, chain: undefined };
}

function openSigner(reference: string, context: Context): Promise<Signer> {
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
export async function askToRecord(flags: ParsedFlags, context: Context, { services, configured }: Signing): Promise<void> {
  if (!configured && services.logs.length > 0) await agreeToRecord(flags, context);
}

/** As `writeBundleFile` writes it, for whoever completes an interrupted signing. */
export function bundleFileOf(flags: ParsedFlags): { path: string; mode: number; overwrite: boolean } | undefined {
  const path = flags.text('bundle');
  return path === '' ? undefined : { path, mode: BUNDLE_MODE, overwrite: true };
}

export function writeBundleFile(bundle: Uint8Array | string, flags: ParsedFlags, { io }: Context): void {
  const file = flags.text('bundle');
  if (file === '') return;
  writeFileSync(file, bundle, { mode: BUNDLE_MODE });
  io.stderr(`Wrote bundle to file ${file}\n`);
}

/** As cosign has it: for its owner alone. */
const BUNDLE_MODE = 0o600;
const SERVICE_FLAGS = ['rekor-url', 'fulcio-url', 'oidc-issuer', 'timestamp-server-url'];
const NO_TUF = 'Could not fetch trusted_root.json from the TUF repository. Continuing with individual targets. Error from TUF:';
const MAX_SECRET_BYTES = 64 * 1024;
const NO_TLOG_WITH_CONFIG =
  "--tlog-upload=false is not supported with --signing-config or --use-signing-config. Provide a signing config with --signing-config without a transparency log service, which can be created with `cosign signing-config create` or `curl https://raw.githubusercontent.com/sigstore/root-signing/refs/heads/main/targets/signing_config.v0.2.json | jq 'del(.rekorTlogUrls)'` for the public instance";
const MAX_CONFIG_BYTES = 1024 * 1024;
