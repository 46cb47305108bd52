/** Which trust a verify command uses, in cosign's order (cosign.md section 4.1). */

import {
  type Certificate,
  type PublicKey,
  parsePublicKeyPem,
  parseTrustedRoot,
  type TrustedRoot,
  type TrustParts,
  trustedRootOf,
  withParts,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { readFileCapped } from '@assay/net/file';
import { wrapped } from '../cobra/failure.ts';
import type { Io } from '../io.ts';
import { named } from '../named.ts';
import { loadRoot } from '../trusted-root.ts';
import type { Invocation } from './invocation.ts';
import { type Loader, pemText } from './load.ts';

const MAX_ROOT_BYTES = 16 * 1024 * 1024;

/** For Sigstore bundles: one trusted root, or none when a key alone decides. */
export async function bundleTrust({ flags, demands, io }: Invocation): Promise<TrustedRoot> {
  const file = flags.text('trusted-root');
  if (file !== '') return wrapped('setting trusted material: loading trusted root', () => readRoot(file));
  if (demands.keyOnly) return trustedRootOf({}, nodeCrypto);
  return wrapped('setting trusted material: getting trusted root from TUF for new bundle verification', () => publicRoot(io));
}

/** Whether flags or variables name parts of the trust, which then are all that is used. `--trusted-root` goes before them. */
export function namesLooseTrust({ flags, io }: Invocation): boolean {
  if (flags.text('trusted-root') !== '') return false;
  return LOOSE_FLAGS.some((name) => flags.text(name) !== '') || LOOSE_VARIABLES.some((name) => io.env[name]);
}

const LOOSE_FLAGS = ['certificate-chain', 'ca-roots', 'ca-intermediates', 'timestamp-certificate-chain'];
const LOOSE_VARIABLES = ['SIGSTORE_ROOT_FILE', 'SIGSTORE_CT_LOG_PUBLIC_KEY_FILE', 'SIGSTORE_REKOR_PUBLIC_KEY', 'SIGSTORE_TSA_CERTIFICATE_FILE'];

export async function readRoot(file: string): Promise<TrustedRoot> {
  const content = await wrapped('failed to read trusted root', () => readFileCapped(file, MAX_ROOT_BYTES), ' ');
  return wrapped('failed to proto-json unmarshal trusted root', () => named(file, () => parseTrustedRoot(content)));
}

/** For older evidence: parts named by flags or variables, and the trusted root for whatever they leave open. */
export async function looseTrust(invocation: Invocation): Promise<TrustedRoot> {
  if (invocation.demands.keyOnly) return trustedRootOf({}, nodeCrypto);
  return wrapped('setting up clients and keys', async () => {
    const parts = await looseParts(invocation);
    const own = await trustedRootOf(parts, nodeCrypto);
    return isComplete(own, invocation) ? own : withParts(own, await publicRoot(invocation.io));
  });
}

function isComplete(root: TrustedRoot, { flags, demands }: Invocation): boolean {
  const keyless = flags.text('key') === '';
  return (
    (demands.ignoreLog || root.logs.length > 0) &&
    (demands.ignoreSct || root.ctLogs.length > 0) &&
    (!keyless || root.certificateAuthorities.length > 0) &&
    (!demands.signedTimestamps || root.timestampAuthorities.length > 0)
  );
}

async function looseParts({ flags, demands, io, loader }: Invocation): Promise<TrustParts> {
  const { env } = io;
  const chain = [flags.text('certificate-chain'), flags.text('ca-intermediates'), flags.text('ca-roots')].filter((file) => file !== '');
  const authorities = chain.length > 0 ? chain : [env['SIGSTORE_ROOT_FILE'] ?? ''].filter((file) => file !== '');
  const timestamps = flags.text('timestamp-certificate-chain') || env['SIGSTORE_TSA_CERTIFICATE_FILE'];
  return {
    authorityCertificates: await wrapped('loading certs for keyless verification', () => loadAll(authorities, loader)),
    logKeys: demands.ignoreLog ? [] : await loadKeys(env['SIGSTORE_REKOR_PUBLIC_KEY'], loader),
    ctLogKeys: demands.ignoreSct ? [] : await loadKeys(env['SIGSTORE_CT_LOG_PUBLIC_KEY_FILE'], loader),
    timestampCertificates: timestamps ? await loader.certificates(timestamps) : [],
  };
}

async function loadAll(references: readonly string[], loader: Loader): Promise<Certificate[]> {
  const loaded = await Promise.all(references.map((reference) => loader.certificates(reference)));
  return loaded.flat();
}

async function loadKeys(reference: string | undefined, loader: Loader): Promise<PublicKey[]> {
  if (!reference) return [];
  return [parsePublicKeyPem(pemText(await loader.bytes(reference)))];
}

/** Public Sigstore's root, or that of the mirror in use (`TUF_MIRROR`, or what `cosign initialize` chose); a stale one is said on standard error. */
export async function publicRoot(io: Io): Promise<TrustedRoot> {
  const { root, check } = await loadRoot({ initialized: true }, io);
  if (check.warning !== undefined) io.stderr(`WARNING: ${check.warning}\n`);
  return root;
}
