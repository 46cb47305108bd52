/**
 * Signing, recording and verifying what was made, alike for all signing commands, in cosign's order and words. Nothing is stored here: what comes
 * back may be published.
 */
import { type Artifact, encodePem, parseBundle, utf8 } from '@assay/core';
import { bundleOfSealed, type Sealed, type Signable, seal } from '@assay/sign';
import type { Context } from '../cobra/command.ts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import type { Publication } from '../keep-pending.ts';
import { recorderOf } from './recorder.ts';
import { checkSealed } from './self-check.ts';
import type { Signing, SigningParty } from './signing.ts';

export interface SealContext {
  readonly flags: ParsedFlags;
  readonly context: Context;
  readonly signing: Signing;
  /** What is signed. Undefined for statements whose subjects are not known here. */
  readonly artifact: Artifact | undefined;
  /** Where the bundle goes: what an interrupted signing needs to be completed. Undefined where there is no bundle. */
  readonly publication?: Omit<Publication, 'trust'> | undefined;
}

export interface Made {
  readonly sealed: Sealed;
  /** One line of JSON. */
  readonly bundle: string;
  /** PEM of the issuers of the certificate, for places that keep them. */
  readonly chain: string | undefined;
}

/** `party` is the signing's own, or the same key with another scheme. */
export async function sealChecked(signable: Signable, party: SigningParty, given: SealContext): Promise<Made> {
  return wrapped('signing bundle', async () => {
    const { context, signing, artifact } = given;
    if (party.keyless !== undefined) refuseUntimed(signing);
    context.io.stderr('Signing artifact...\n');
    const made = await wrapped('error signing bundle', () =>
      party.keyless === undefined ? sealWithKey(signable, party, given) : sealKeyless(signable, party, given),
    );
    const bundle = signable.kind === 'payload' ? '' : await bundleOfSealed(made.sealed);
    if (party.keyless === undefined && artifact !== undefined && bundle !== '')
      await checkSealed(parseBundle(utf8(bundle)), artifact, party.signer, signing, context);
    for (const { logIndex } of made.sealed.entries) context.io.stderr(`tlog entry created with index: ${logIndex}\n`);
    return { ...made, bundle };
  });
}

/** Before anybody is asked for a certificate. */
function refuseUntimed({ services }: Signing): void {
  services.certificateAuthority();
  const { logs, timestampAuthorities } = services;
  if (logs.every(({ majorApiVersion }) => majorApiVersion !== 2) || timestampAuthorities.length > 0) return;
  throw new CommandError('a timestamp authority must be provided to request a short-lived certificate that will be logged to Rekor');
}

async function sealWithKey(
  signable: Signable,
  { signer, certificate, chain }: SigningParty,
  { flags, context, signing }: SealContext,
): Promise<Omit<Made, 'bundle'>> {
  const sealed = await seal(signable, { signer, certificate, record: recorderOf(signing, flags, context) });
  return { sealed, chain };
}

async function sealKeyless(signable: Signable, { keyless }: SigningParty, given: SealContext): Promise<Omit<Made, 'bundle'>> {
  if (keyless === undefined) throw new TypeError('no certificate to be had');
  const { sealCertified } = await import('./seal-certified.ts');
  const { sealed, certified } = await sealCertified(signable, keyless, given);
  return { sealed, chain: certified.issuers.map(({ der }) => encodePem('CERTIFICATE', der)).join('') };
}
