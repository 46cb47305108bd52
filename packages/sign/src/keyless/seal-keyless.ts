/**
 * Signing without a key to keep (cosign.md section 5): the signature is made with a key for one occasion, the certificate is asked for,
 * checked, and only then is anything put on record. Nothing is stored here; what comes back has been verified, and says how that went.
 */
import {
  type Artifact,
  BUNDLE_V03,
  type Bundle,
  type BundleContent,
  type CryptoProvider,
  exactly,
  identityOf,
  type TrustedRoot,
  type Verification,
} from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type Record, type Sealed, type Signable, seal } from '../seal.ts';
import { expectedIdentity } from './expected-identity.ts';
import type { Certified, KeylessSigner } from './keyless-signer.ts';
import { remembering } from './remembering.ts';
import { checkIssued, type KeylessDemands, verifyKeyless } from './verify-keyless.ts';

export interface SealKeylessOptions {
  readonly keyless: KeylessSigner;
  /** What is signed: its digests decide. Undefined for envelopes whose subjects are somebody else's. */
  readonly artifact: Artifact | undefined;
  readonly trustedRoot: TrustedRoot | undefined;
  /** As in `KeylessDemands`. Default `demanded`. */
  readonly sct?: 'demanded' | 'ignored' | undefined;
  /** As in `KeylessDemands`: for statements with more subjects than are read. */
  readonly opaqueContent?: true | undefined;
  /** Told the certificate; undefined when nothing is to be put on record. */
  readonly record?: ((certified: Certified) => Record | undefined) | undefined;
  /** Where envelopes are kept: those outside bundles have their timestamps over the envelope's own bytes. Default `bundle`. */
  readonly storage?: 'bundle' | 'apart' | undefined;
  readonly now: () => Date;
  readonly onStage?: ((stage: KeylessStage) => void) | undefined;
}

/** `requesting`: the authority is about to be asked. `certified`: what it answered holds. Neither for a certificate that is in use already. */
export type KeylessStage = 'requesting' | 'certified';

export interface SealedKeyless {
  readonly sealed: Sealed;
  readonly certified: Certified;
  /** Of the whole. What does not pass must not be published. */
  readonly verification: Verification;
}

/** Errors: those of `requestCertificate`, `checkIssued`, `seal` and `record`. */
export async function sealKeyless(signable: Signable, given: SealKeylessOptions): Promise<SealedKeyless> {
  const options: Sealing = { ...given, crypto: remembering(nodeCrypto) };
  const { keyless, artifact, record, now, storage = 'bundle' } = options;
  let certified: Certified | undefined;
  const certificate = async (content: BundleContent): Promise<Uint8Array> => {
    certified = await certify(content, options);
    return certified.leaf.der;
  };
  const sealed = await seal(signable, {
    signer: keyless.signer,
    certificate,
    record: async (signing) => (certified && (await record?.(certified)?.(signing))) ?? { entries: [], timestamps: [] },
  });
  if (certified === undefined) throw new TypeError('sealed without a certificate');
  const verification = await verifyKeyless(bundleOf(sealed, certified, storage), artifact, certified, demandsOn(certified, options, now()));
  return { sealed, certified, verification };
}

interface Sealing extends SealKeylessOptions {
  readonly crypto: CryptoProvider;
}

async function certify(content: BundleContent, options: Sealing): Promise<Certified> {
  const { keyless, artifact, now, onStage } = options;
  let isNew = false;
  const certified = await keyless.certify(() => {
    isNew = true;
    onStage?.('requesting');
  });
  const identity = expectedIdentity(certified.token, identityOf(certified.leaf));
  await checkIssued(certified, content, artifact, { ...demandsOn(certified, options, now()), identity });
  if (isNew) onStage?.('certified');
  return certified;
}

/** The name has been compared with the token's before; from there on it is this one and no other. */
function demandsOn({ leaf }: Certified, { trustedRoot, sct = 'demanded', opaqueContent, crypto }: Sealing, now: Date): KeylessDemands {
  const { san, oidcIssuer } = identityOf(leaf);
  return { trustedRoot, sct, now, opaqueContent, crypto, identity: { san: exactly(san.value), issuer: exactly(oidcIssuer) } };
}

function bundleOf({ content, envelope, entries, timestamps }: Sealed, { leaf }: Certified, storage: 'bundle' | 'apart'): Bundle {
  const kept = storage === 'apart' && content.kind === 'dsse' && envelope !== undefined ? { ...content, stored: envelope } : content;
  return { mediaType: BUNDLE_V03, version: '0.3', material: { kind: 'certificate', leaf: leaf.der, others: [] }, content: kept, entries, timestamps };
}
