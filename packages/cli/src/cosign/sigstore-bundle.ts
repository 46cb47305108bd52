/** Verifying a Sigstore bundle as the flags demand. */
import { existsSync } from 'node:fs';
import { type Artifact, type Bundle, type ExpectedSigner, type TrustedRoot, type Verification, verify } from '@assay/core';
import { bundleRefusal } from '@assay/policy/cosign-texts';
import { CommandError } from '../cobra/failure.ts';
import type { ParsedFlags } from '../cobra/pflag.ts';
import { verifyOptions } from './demands.ts';
import type { Invocation } from './invocation.ts';
import { showTree } from './show.ts';

export interface BundleToVerify {
  readonly bundle: Bundle;
  readonly artifact: Artifact | undefined;
  readonly signer: ExpectedSigner;
  readonly trustedRoot: TrustedRoot;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Whether nothing but the artifact's digest is at hand, which cosign answers in other words. Default: when that is how a blob was named. */
  readonly byDigest?: boolean;
}

/** Throws `CommandError` with cosign's words when the bundle does not hold. */
export async function verifySigstoreBundle(input: BundleToVerify, invocation: Invocation): Promise<Verification> {
  const { demands, flags } = invocation;
  // An ignored log is not looked at: what it would say must neither help nor harm.
  const bundle = demands.ignoreLog ? { ...input.bundle, entries: [] } : input.bundle;
  const { annotations } = input;
  const options = { ...verifyOptions(input.signer, input.trustedRoot, invocation), ...(annotations !== undefined && { annotations }) };
  const verification = await verify(bundle, input.artifact, options);
  showTree(verification, invocation);
  if (!verification.ok) throw new CommandError(bundleRefusal(verification, { byDigest: input.byDigest ?? isDigest(flags) }), 1, { cause: verification });
  return verification;
}

/** Whether the blob was named by its digest. */
function isDigest(flags: ParsedFlags): boolean {
  const [blob = ''] = flags.positionals;
  return /^sha\d{3}:/.test(blob) && !existsSync(blob);
}
