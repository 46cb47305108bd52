/** Who signs natively: a key with whatever puts that on record, or somebody with a certificate. What is sealed in their name has been verified. */
import { type Artifact, BUNDLE_V03, type Bundle, encodePem, parseBundle, utf8 } from '@assay/core';
import { bundleOfSealed, loadSigner, type Record as Recorder, type Sealed, type Signable, type Signer, seal } from '@assay/sign';
import type { Io } from '../io.ts';
import type { Publication } from '../keep-pending.ts';
import { withKeyContext } from '../key-context.ts';
import { type ChosenServices, recorderFor } from '../recording.ts';
import { loadRoot } from '../trusted-root.ts';
import { verifyFresh } from '../verify-fresh.ts';
import type { CertifiedSealing, IdentityFlags, Keyless, TokenSource } from './keyless.ts';
import { requireVerified } from './require-verified.ts';
import { chosenServices, type ServiceFlags } from './services.ts';

export interface PartyFlags extends IdentityFlags, ServiceFlags {
  /** Absent: whoever a token names signs, with a key for the occasion. */
  readonly key?: string;
  readonly trustedRoot?: string;
}

export type Party = { readonly signer: Signer; readonly record: Recorder | undefined; readonly keyless?: never } | { readonly keyless: Keyless };

export interface PartyOptions {
  /** Whose token is used, by default that of whoever is there. */
  readonly token?: TokenSource | undefined;
  /** The version of logs that is used where there are any. */
  readonly preferredRekor?: number | undefined;
  /** Fewer services than were chosen; throws when they will not do. */
  readonly services?: ((chosen: ChosenServices) => ChosenServices) | undefined;
  /** As in `SealKeylessOptions`. */
  readonly storage?: Storage | undefined;
}

type Storage = 'bundle' | 'apart';

/** To be closed where it is keyless. Errors: `KEY_…`, `TOKEN_…`, `SIGNING_CONFIG_…`, `TRUST_ROOT_…`, `FILE_…`. */
export async function openParty(flags: PartyFlags, io: Io, { token, preferredRekor, services: fewer, storage }: PartyOptions = {}): Promise<Party> {
  const { key } = flags;
  const chosen = await chosenServices(flags, io, preferredRekor);
  const services = chosen && fewer ? fewer(chosen) : chosen;
  if (key === undefined) {
    if (services === undefined) throw new TypeError('nobody to certify');
    const [{ openKeyless }, { root }] = await Promise.all([import('./keyless.ts'), loadRoot(trustFlags(flags), io)]);
    return { keyless: await openKeyless(services, root, flags, io, token) };
  }
  const signer = await withKeyContext({ io, userAgent: 'assay' }, (keys) => loadSigner(key, keys));
  const timestamps = storage === 'apart' ? 'stored envelope' : 'signature';
  const record = services && recorderFor(services, { io, userAgent: 'assay', timestamps });
  if (record === undefined) io.stderr('not recorded in a transparency log: no --signing-config names one; verify with --log-threshold 0\n');
  return { signer, record };
}

export interface PartySealing extends Omit<CertifiedSealing, 'publication' | 'opaqueContent'> {
  /** Where it goes, so that an interrupted signing can be completed. Absent: it is not kept. */
  readonly publication?: Omit<Publication, 'trust'> | undefined;
}

export interface Made {
  readonly sealed: Sealed;
  /** One line of JSON. */
  readonly bundle: string;
  /** PEM of the issuers of the certificate. */
  readonly chain: string | undefined;
}

/**
 * Sealed, and accepted by our own verification: what nobody could verify is neither written nor stored. Without an artifact, what is signed is not read.
 * Errors: those of sealing, and what the verification found.
 */
export async function sealVerified(
  signable: Signable,
  artifact: Artifact | undefined,
  party: Party,
  { flags, io }: { readonly flags: PartyFlags; readonly io: Io },
  { publication, ...sealing }: PartySealing,
): Promise<Made> {
  if (party.keyless !== undefined) {
    const { sealWithCertificate } = await import('./keyless.ts');
    const trust = { file: flags.trustedRoot ?? flags.trustConfig ?? io.env['ASSAY_TRUST'], initialized: false };
    const options = { ...sealing, publication: publication && { ...publication, trust }, opaqueContent: artifact === undefined ? true : undefined } as const;
    const { sealed, certified } = await sealWithCertificate(signable, artifact, party.keyless, options, io);
    return { sealed, bundle: await bundleOfSealed(sealed), chain: certified.issuers.map(({ der }) => encodePem('CERTIFICATE', der)).join('') };
  }
  const { signer, record } = party;
  const sealed = await seal(signable, { signer, record });
  const bundle = await bundleOfSealed(sealed);
  const { trustedRoot } = trustFlags(flags);
  const root = trustedRoot === undefined ? undefined : (await loadRoot({ trustedRoot }, io)).root;
  requireVerified(await verifyFresh(bundleToVerify(bundle, sealed, sealing.storage), artifact, signer, root, io.now), 'the fresh signature');
  return { sealed, bundle, chain: undefined };
}

/** Outside bundles a timestamp covers the stored envelope (cosign.md section 4.2). */
function bundleToVerify(bundle: string, { content, envelope, entries, timestamps }: Sealed, storage: Storage | undefined): Bundle {
  if (storage !== 'apart' || content.kind !== 'dsse' || envelope === undefined) return parseBundle(utf8(bundle));
  return { mediaType: BUNDLE_V03, version: '0.3', material: { kind: 'publicKey', hint: '' }, content: { ...content, stored: envelope }, entries, timestamps };
}

function trustFlags({ trustedRoot, trustConfig }: PartyFlags): { trustedRoot?: string } {
  const file = trustedRoot ?? trustConfig;
  return file === undefined ? {} : { trustedRoot: file };
}
