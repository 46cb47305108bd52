/** Verifying evidence that is not a Sigstore bundle: gathered into one, completed from the log, and put through the one pipeline. */

import {
  type Artifact,
  type BundleContent,
  bundleOf,
  type Certificate,
  certificatePem,
  type ExpectedSigner,
  encodePem,
  type LogEntry,
  type PublicKey,
  type TrustedRoot,
  type Verification,
  type VerificationMaterial,
  type VerifyOptions,
  verify,
} from '@assay/core';
import { looseRefusal } from '@assay/policy/cosign-texts';
import { CommandError, wrapped } from '../cobra/failure.ts';
import { verifyOptions } from './demands.ts';
import type { Invocation } from './invocation.ts';
import { searchLog } from './log-search.ts';
import { showTree } from './show.ts';

export interface Loose {
  readonly content: BundleContent;
  readonly certificate: Certificate | undefined;
  readonly key: PublicKey | undefined;
  /** The log entry that came with the evidence. */
  readonly entry: LogEntry | undefined;
  /** Timestamps that came with the evidence, beside that of `--rfc3161-timestamp`. */
  readonly timestamps?: readonly Uint8Array[];
  readonly artifact: Artifact | undefined;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly signer: ExpectedSigner;
  /** The entry the signing would have proposed, for the log to find its equal. */
  readonly proposed: (verifierPem: string) => Promise<unknown>;
}

/** Throws `CommandError` with cosign's words when the evidence does not hold. */
export async function verifyLoose(loose: Loose, trustedRoot: TrustedRoot, invocation: Invocation): Promise<Verification> {
  const { demands, flags, loader } = invocation;
  const timestamp = flags.text('rfc3161-timestamp');
  const timestamps = [...(loose.timestamps ?? []), ...(timestamp === '' ? [] : [await loader.timestamp(timestamp)])];
  const sct = flags.text('sct');
  const options: VerifyOptions = {
    ...verifyOptions(loose.signer, trustedRoot, invocation),
    ...(loose.annotations !== undefined && { annotations: loose.annotations }),
    ...(sct !== '' && { detachedSct: await wrapped('reading sct from file', () => loader.bytes(sct)) }),
  };
  const candidates = demands.ignoreLog ? [[]] : (await logEntries(loose, invocation)).map((entry) => [entry]);
  let refused: Verification | undefined;
  for (const entries of candidates) {
    const bundle = bundleOf({ content: loose.content, material: materialOf(loose), entries, timestamps });
    const verification = await verify(bundle, loose.artifact, options);
    if (verification.ok) {
      showTree(verification, invocation);
      return verification;
    }
    refused ??= verification;
  }
  if (refused === undefined) throw new CommandError('signature not found in transparency log');
  throw new CommandError(looseRefusal(refused, loose.certificate), 1, { cause: refused });
}

async function logEntries(loose: Loose, { flags, signal, loader }: Invocation): Promise<readonly LogEntry[]> {
  if (loose.entry !== undefined) return [loose.entry];
  if (flags.bool('offline')) throw new CommandError('offline verification failed');
  const rekorUrl = flags.text('rekor-url');
  if (rekorUrl === '') throw new CommandError('rekor client not provided for online verification');
  return searchLog(rekorUrl, await loose.proposed(verifierPem(loose)), loader.http, signal);
}

function verifierPem({ certificate, key }: Loose): string {
  if (certificate !== undefined) return certificatePem(certificate.der);
  return key === undefined ? '' : encodePem('PUBLIC KEY', key.spki);
}

function materialOf({ certificate }: Loose): VerificationMaterial {
  return certificate === undefined ? { kind: 'publicKey', hint: '' } : { kind: 'certificate', leaf: certificate.der, others: [] };
}
