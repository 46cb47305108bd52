/** The bundle that is measured: a public one from the vectors, else one of the testkit with the same algorithms. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createInstance } from '@assay/testkit';

export interface Sample {
  readonly from: string;
  readonly bundle: Uint8Array;
  readonly trustedRoot: Uint8Array;
  readonly artifact: Uint8Array;
  readonly san: string;
  readonly issuer: string;
}

export function sample(): Sample {
  const vectors = process.env['ASSAY_VECTORS'] ?? fileURLToPath(new URL('../../shared/vectors', import.meta.url));
  return existsSync(`${vectors}/bundles/cases.json`) ? vectorSample(vectors) : testkitSample();
}

function vectorSample(vectors: string): Sample {
  return {
    from: `the vector ${CASE}`,
    bundle: readFileSync(`${vectors}/bundles/${CASE}/bundle.sigstore.json`),
    trustedRoot: readFileSync(`${vectors}/tuf/targets/trusted_root.json`),
    artifact: readFileSync(`${vectors}/bundles/a.txt`),
    san: 'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main',
    issuer: 'https://token.actions.githubusercontent.com',
  };
}

const CASE = 'happy-path-v0.3-new-mediaType';

function testkitSample(): Sample {
  const artifact = new TextEncoder().encode('an artifact');
  const { bundleBytes, trustedRootBytes, policy } = createInstance({ caKey: 'p384' }).sign(artifact);
  const { san = '', issuer = '' } = policy.identities?.[0] ?? {};
  return { from: 'a testkit bundle with a P-384 certificate authority', bundle: bundleBytes, trustedRoot: trustedRootBytes, artifact, san, issuer };
}
