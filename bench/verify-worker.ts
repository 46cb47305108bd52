/** What a worker of the pool does; the one-core figure calls the same function on the main thread. */
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Artifact, exactly, parseTrustedRoot, type VerifyOptions, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';

export interface Setup {
  readonly trustedRoot: Uint8Array;
  readonly san: string;
  readonly issuer: string;
  readonly now: Date;
}

export interface Case {
  readonly bundle: Uint8Array;
  readonly artifact: Uint8Array;
}

export function createVerifier({ trustedRoot, san, issuer, now }: Setup): (cases: readonly Case[]) => Promise<number> {
  const options: VerifyOptions = {
    trustedRoot: parseTrustedRoot(trustedRoot),
    signer: { identities: [{ san: exactly(san), issuer: exactly(issuer) }] },
    crypto: nodeCrypto,
    now,
  };
  return async (cases) => {
    let accepted = 0;
    for (const { bundle, artifact } of cases) {
      const { ok } = await verify(bundle, Artifact.fromBytes(artifact), options);
      if (ok) accepted += 1;
    }
    return accepted;
  };
}

if (!isMainThread && parentPort !== null) {
  const port = parentPort;
  const verifier = createVerifier(workerData as Setup);
  port.on('message', async (cases: Case[]) => port.postMessage(await verifier(cases)));
}
