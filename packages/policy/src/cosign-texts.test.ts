/** Every failure has words: no refusal is empty, and none speaks of our inside. The exact texts are in the transcripts. */
import { Artifact, exactly, parsePublicKeyPem, parseTrustedRoot, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { type Defect, defects } from '@assay/testkit';
import { expect, test } from 'vitest';
import { bundleRefusal, looseRefusal } from './cosign-texts.ts';

/** Defects that are seen only in the verification: a trusted root or key that cannot be read never comes this far. */
const verifiable = defects.filter(({ code }) => !/^(?:TRUST_ROOT|KEY_PARSE|KEY_UNSUPPORTED)/.test(code));

test.each(verifiable)('$name', async (defect) => {
  const verification = await judge(defect);
  if (verification === undefined) return;
  for (const text of [
    bundleRefusal(verification, { byDigest: false }),
    bundleRefusal(verification, { byDigest: true }),
    looseRefusal(verification, undefined),
  ]) {
    expect(text).not.toMatch(/undefined|\[object|NaN|^\s*$|: $/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/);
  }
});

async function judge({ make }: Defect) {
  const { bundleBytes, trustedRootBytes, artifact, policy, now } = make();
  const signer =
    policy.key === undefined
      ? { identities: (policy.identities ?? []).map(({ san, issuer }) => ({ san: exactly(san), issuer: exactly(issuer) })) }
      : { key: parsePublicKeyPem(policy.key) };
  const verification = await verify(bundleBytes, Artifact.fromBytes(artifact), {
    signer,
    trustedRoot: parseTrustedRoot(trustedRootBytes),
    crypto: nodeCrypto,
    now,
    timestampThreshold: policy.timestampThreshold ?? 0,
  });
  return verification.ok ? undefined : verification;
}
