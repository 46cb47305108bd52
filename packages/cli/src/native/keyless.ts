/** Signing without a key, natively: with a token that is given or at hand, else after a login. */
import { type Artifact, failures, quote, TrustError, type TrustedRoot } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createHttpClient } from '@assay/net';
import { type IdentityToken, type KeylessSigner, keylessSigner, refuseUntimed, type Sealed, type Signable, sealKeyless } from '@assay/sign';
import { clockFrom } from '../clock.ts';
import { PRIVACY_STATEMENT } from '../cosign/privacy.ts';
import type { Io } from '../io.ts';
import { keepPending, type Publication } from '../keep-pending.ts';
import { obtainToken, type TokenWishes } from '../obtain-token.ts';
import { isOffline } from '../offline.ts';
import { readLine } from '../read-line.ts';
import { type ChosenServices, type RecorderOptions, recorderFor } from '../recording.ts';

export interface IdentityFlags {
  readonly identityToken?: string;
  /** Instead of the one that the signing configuration names. */
  readonly oidcIssuer?: string;
  readonly yes?: boolean;
}

export interface Keyless {
  readonly signer: KeylessSigner;
  readonly services: ChosenServices;
  readonly trustedRoot: TrustedRoot;
  readonly close: () => void;
}

/** Says who is about to sign. Errors: `TOKEN_…`, `OIDC_…`, `SIGNING_CONFIG_SERVICES`, `NET_…`, `USAGE` when the person does not want to. */
export async function openKeyless(services: ChosenServices, trustedRoot: TrustedRoot, flags: IdentityFlags, io: Io): Promise<Keyless> {
  const http = createHttpClient({ env: io.env, offline: isOffline(io.env), userAgent: 'assay' });
  const now = clockFrom(io);
  const obtain = (): Promise<IdentityToken> => obtainToken(wishesOf(services, flags, io), { io, http, now });
  const authority = { url: services.certificateAuthority(), http };
  refuseUntimed(services);
  let token = await obtain();
  io.stderr(`signing as ${quote(token.subject)}\n`);
  const signer = await keylessSigner({
    authority,
    token: async () => {
      if (token.expires !== undefined && token.expires <= now()) token = await obtain();
      return token;
    },
    now,
  });
  return { signer, services, trustedRoot, close: () => http.close() };
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

/** What is sealed and has been verified. Errors: those of `sealKeyless`, `SIGNING_INCOMPLETE`, and what the verification found. */
export async function sealWithCertificate(
  signable: Signable,
  artifact: Artifact,
  { signer, services, trustedRoot }: Keyless,
  publication: Publication,
  io: Io,
): Promise<Sealed> {
  const sha256 = await artifact.digest('sha256', nodeCrypto);
  const { logs, timestampAuthorities } = services;
  const { sealed, certified, verification } = await sealKeyless(signable, {
    keyless: signer,
    artifact,
    trustedRoot,
    now: clockFrom(io),
    record: ({ leaf, detachedSct }) => {
      const keep: RecorderOptions['keep'] = ({ content }, partly) => {
        const pending = { content, certificate: leaf.der, detachedSct, artifact: sha256 && { sha256 }, logs, timestampAuthorities, partly };
        return keepPending(pending, publication, leaf.validity.end, io);
      };
      return recorderFor(services, { io, userAgent: 'assay', trustedRoot, keep });
    },
  });
  const [first] = failures(verification.root);
  if (!verification.ok) throw new TrustError(first?.code ?? 'SIGNATURE_INVALID', `the fresh signature does not verify: ${first?.says ?? ''}`);
  if (certified.detachedSct !== undefined) io.stderr(`warning: ${DETACHED}\n`);
  return sealed;
}

const DETACHED = 'the authority handed out the SCT beside the certificate, and bundles have no place for it: verify with --sct-threshold 0';
