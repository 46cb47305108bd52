/** The fresh signature, verified before it is written; in cosign's words when it does not hold. */
import type { Artifact, Bundle } from '@assay/core';
import { bundleRefusal } from '@assay/policy/cosign-texts';
import type { Signer } from '@assay/sign';
import type { Context } from '../cobra/command.ts';
import { CommandError } from '../cobra/failure.ts';
import { verifyFresh } from '../verify-fresh.ts';
import { showTree } from './show.ts';
import type { Signing } from './signing.ts';

export async function checkSealed(bundle: Bundle, artifact: Artifact, signer: Signer, { trustedRoot }: Signing, context: Context): Promise<void> {
  const verification = await verifyFresh(bundle, artifact, signer, trustedRoot, context.io.now);
  showTree(verification, context);
  if (!verification.ok) throw new CommandError(`verifying the fresh signature: ${bundleRefusal(verification, { byDigest: true })}`, 1, { cause: verification });
}
