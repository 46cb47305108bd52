/** Signing without a key, natively: with a token that is given or at hand, else after a login. */
import { type Artifact, type BundleContent, quote, TrustError, type TrustedRoot } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createHttpClient } from '@assay/net';
import {
  type Certified,
  type IdentityToken,
  type KeylessSigner,
  keylessSigner,
  refuseUntimed,
  type SealedKeyless,
  type Signable,
  sealKeyless,
} from '@assay/sign';
import { clockFrom } from '../clock.ts';
import { PRIVACY_STATEMENT } from '../cosign/privacy.ts';
import type { Io } from '../io.ts';
import { keepPending, type Publication } from '../keep-pending.ts';
import { obtainToken, type TokenWishes, type TokenWorld } from '../obtain-token.ts';
import { isOffline } from '../offline.ts';
import { readLine } from '../read-line.ts';
import { type ChosenServices, type RecorderOptions, recorderFor } from '../recording.ts';
import { requireVerified } from './require-verified.ts';

export interface IdentityFlags {
  readonly identityToken?: string;
  /** Instead of the one that the signing configuration names. */
  readonly oidcIssuer?: string;
  readonly yes?: boolean;
}

export interface Keyless {
  readonly signer: KeylessSigner;
  /** Who is about to sign. */
  readonly token: IdentityToken;
  readonly services: ChosenServices;
  readonly trustedRoot: TrustedRoot;
  readonly close: () => void;
}

/** Where the token comes from; by default from wherever there is one, a login included. */
export type TokenSource = (world: TokenWorld) => Promise<IdentityToken>;

/** Says who is about to sign. Errors: `TOKEN_…`, `OIDC_…`, `SIGNING_CONFIG_SERVICES`, `NET_…`, `USAGE` when the person does not want to. */
export async function openKeyless(
  services: ChosenServices,
  trustedRoot: TrustedRoot,
  flags: IdentityFlags,
  io: Io,
  source: TokenSource = (world) => obtainToken(wishesOf(services, flags, io), world),
): Promise<Keyless> {
  const http = createHttpClient({ env: io.env, offline: isOffline(io.env), userAgent: 'assay' });
  const now = clockFrom(io);
  const obtain = (): Promise<IdentityToken> => source({ io, http, now });
  const authority = { url: services.certificateAuthority(), http };
  refuseUntimed(services);
  const first = await obtain();
  let token = first;
  io.stderr(`signing as ${quote(token.subject)}\n`);
  const signer = await keylessSigner({
    authority,
    token: async () => {
      if (token.expires !== undefined && token.expires <= now()) token = await obtain();
      return token;
    },
    now,
  });
  return { signer, token: first, services, trustedRoot, close: () => http.close() };
}

function wishesOf(services: ChosenServices, { identityToken = '', oidcIssuer, yes }: IdentityFlags, io: Io): TokenWishes {
  return {
    given: identityToken,
    ambient: 'used',
    provider: '',
    flow: '',
    issuer: () => oidcIssuer ?? services.oidcIssuer(),
    clientId: 'sigstore',
    clientSecret: undefined,
    redirectUrl: undefined,
    agree: () => agree(yes === true ? 'given' : 'asked for', io),
    show: (line) => io.stderr(`${line}\n`),
    within: async (_, action) => action(),
  };
}

async function agree(consent: 'given' | 'asked for', io: Io): Promise<void> {
  io.stderr(PRIVACY_STATEMENT);
  if (consent === 'given') return;
  io.stderr('Are you sure you would like to continue? [y/N] ');
  if (/^y$/i.test((await readLine(io)).trim())) return;
  throw new TrustError('USAGE', 'not signed: a public record of it was not agreed to', { hint: 'answer y, pass --yes, or sign with a key and no log: --key' });
}

export interface CertifiedSealing {
  /** Where it goes, so that an interrupted signing can be completed. Absent: it is not kept. */
  readonly publication?: Publication | undefined;
  /** Asked before anything is put on record; throws what must not be. */
  readonly accept?: ((certified: Certified) => void) | undefined;
  /** What is put on record, when it is not the plain envelope. */
  readonly envelope?: EnvelopeText | undefined;
  /** As in `SealKeylessOptions`. */
  readonly storage?: 'bundle' | 'apart' | undefined;
  readonly opaqueContent?: true | undefined;
}

/** Of the envelope with its signature, and PEM of the certificate. */
export type EnvelopeText = (content: BundleContent, certificate: string) => Uint8Array;

/** What is sealed and has been verified. Errors: those of `sealKeyless`, `SIGNING_INCOMPLETE`, and what the verification found. */
export async function sealWithCertificate(
  signable: Signable,
  artifact: Artifact | undefined,
  { signer, services, trustedRoot }: Keyless,
  { publication, accept, envelope, storage, opaqueContent }: CertifiedSealing,
  io: Io,
): Promise<SealedKeyless> {
  const sha256 = await artifact?.digest('sha256', nodeCrypto);
  const { logs, timestampAuthorities } = services;
  const made = await sealKeyless(signable, {
    keyless: signer,
    artifact,
    trustedRoot,
    storage,
    opaqueContent,
    now: clockFrom(io),
    record: (certified) => {
      accept?.(certified);
      const { leaf, detachedSct } = certified;
      const keep: RecorderOptions['keep'] = ({ content }, partly) => {
        const pending = { content, certificate: leaf.der, detachedSct, artifact: sha256 && { sha256 }, logs, timestampAuthorities, partly };
        return publication && keepPending(pending, publication, leaf.validity.end, io);
      };
      const timestamps = storage === 'apart' ? 'stored envelope' : 'signature';
      const record = recorderFor(services, { io, userAgent: 'assay', trustedRoot, keep, timestamps });
      if (record === undefined || envelope === undefined) return record;
      return (signing) => record({ ...signing, envelope: envelope(signing.content, signing.verifierPem) });
    },
  });
  requireVerified(made.verification, 'the fresh signature');
  if (made.certified.detachedSct !== undefined) io.stderr(`warning: ${DETACHED}\n`);
  return made;
}

const DETACHED = 'the authority handed out the SCT beside the certificate, and bundles have no place for it: verify with --sct-threshold 0';
