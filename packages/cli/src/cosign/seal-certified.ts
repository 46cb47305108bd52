/** Signing with a certificate for the occasion: what is told on the way, and what is kept when a service fails. */
import { nodeCrypto } from '@assay/crypto-node';
import { bundleRefusal } from '@assay/policy/cosign-texts';
import { type Certified, type KeylessSigner, type KeylessStage, type SealedKeyless, type Signable, sealKeyless } from '@assay/sign';
import { clockFrom } from '../clock.ts';
import { CommandError } from '../cobra/failure.ts';
import { keepPending } from '../keep-pending.ts';
import type { RecorderOptions } from '../recording.ts';
import { envelopeKindOf, recorderOf } from './recorder.ts';
import type { SealContext } from './seal.ts';
import { showTree } from './show.ts';

export async function sealCertified(signable: Signable, keyless: KeylessSigner, given: SealContext): Promise<SealedKeyless> {
  const { flags, context, signing, artifact } = given;
  const { io } = context;
  const sct = flags.bool('insecure-skip-verify') ? 'ignored' : 'demanded';
  const isOnRecord = sct === 'demanded' && (signing.trustedRoot?.ctLogs.length ?? 0) > 0;
  const onStage = (stage: KeylessStage): void => {
    if (stage === 'requesting') io.stderr('Retrieving signed certificate...\n');
    if (stage === 'certified' && isOnRecord) io.stderr('Successfully verified SCT...\n');
  };
  const sha256 = await artifact?.digest('sha256', nodeCrypto);
  const sealed = await sealKeyless(signable, {
    keyless,
    artifact,
    trustedRoot: signing.trustedRoot,
    sct,
    storage: flags.bool('new-bundle-format') ? 'bundle' : 'apart',
    now: clockFrom(io),
    onStage,
    record: (certified) => recorderOf(signing, flags, context, keeperOf(certified, sha256, given)),
  });
  const { verification, certified } = sealed;
  showTree(verification, context);
  if (!verification.ok) throw new CommandError(`verifying the fresh signature: ${bundleRefusal(verification, { byDigest: true })}`, 1, { cause: verification });
  if (certified.detachedSct !== undefined) io.stderr(`WARNING: ${DETACHED}\n`);
  return sealed;
}

/** Older formats are signed again instead: their parts go to places that a later run cannot know. */
function keeperOf(
  { leaf, detachedSct }: Certified,
  sha256: Uint8Array | undefined,
  { flags, context, signing, publication }: SealContext,
): RecorderOptions['keep'] {
  if (publication === undefined || !flags.bool('new-bundle-format')) return undefined;
  return ({ content }, partly) => {
    const { logs, timestampAuthorities } = signing.services;
    const trust = { file: flags.text('trusted-root') || undefined, initialized: true };
    const pending = {
      content,
      certificate: leaf.der,
      detachedSct,
      artifact: sha256 && { sha256 },
      logs,
      timestampAuthorities,
      partly,
      envelopeKind: envelopeKindOf(flags),
    };
    return keepPending(pending, { ...publication, trust }, leaf.validity.end, context.io);
  };
}

const DETACHED =
  'the authority handed out the SCT beside the certificate, and bundles have no place for it: verifiers will have to ignore SCTs (--insecure-ignore-sct)';
