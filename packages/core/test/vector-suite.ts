/**
 * All conformance vectors against one crypto provider: with the artifact's bytes and with its digest alone, by the exact list of failing
 * codes and the exact verified facts. A case may not be refused for the wrong reason.
 */
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '../src/catalogue.ts';
import type { CryptoProvider } from '../src/crypto.ts';
import type { Verification } from '../src/verify.ts';
import { type Input, judge, vectors } from './vectors.ts';

/** Every failed leaf of the proof tree, in order. */
const FAILING: Readonly<Record<string, readonly ErrorCode[]>> = {
  'bundle-empty-certificate-chain_fail': ['BUNDLE_SHAPE'],
  'bundle-from-wrong-instance_fail': ['TLOG_UNKNOWN_LOG', 'CERT_CHAIN'],
  'bundle-invalid-base64-signature_fail': ['BUNDLE_PARSE'],
  'bundle-unknown-version_fail': ['BUNDLE_VERSION'],
  // The proof without checkpoint is found while reading, before anyone looks at the root among the certificates.
  'bundle-with-root-cert_fail': ['BUNDLE_PROOF_MISSING'],
  // Name and key id together name a key: with another id there is no signature of the log, rather than a wrong one.
  'checkpoint-bad-keyhint_fail': ['TLOG_CHECKPOINT_UNSIGNED'],
  'dsse-invalid-sig_fail': ['TLOG_BODY_SIGNATURE', 'SIGNATURE_INVALID'],
  'dsse-mismatch-envelope_fail': ['TLOG_BODY_SIGNATURE', 'TLOG_BODY_DIGEST'],
  'inclusion-proof-corrupted-hash_fail': ['TLOG_INCLUSION_MISMATCH'],
  // One altered body is neither what the log promised, nor what it included, nor about this certificate.
  'incorrect-public-key_fail': ['TLOG_SET_INVALID', 'TLOG_INCLUSION_MISMATCH', 'TLOG_BODY_KEY'],
  'integrated-time-in-future_fail': ['CERT_TIME'],
  'intoto-expired-certificate_fail': ['CERT_TIME'],
  'intoto-missing-inclusion-proof_fail': ['BUNDLE_PROOF_MISSING'],
  'intoto-tsa-timestamp-outside-cert-validity_fail': ['CERT_TIME'],
  'invalid-ct-key_fail': ['SCT_UNKNOWN_LOG'],
  'managed-key-wrong-key_fail': ['KEY_PARSE'],
  // The stated digest only: the signature over the artifact and the log entry hold.
  'message-digest-mismatch_fail': ['ARTIFACT_MISMATCH_DIGEST'],
  'rekor2-checkpoint-missing-log-signature_fail': ['TLOG_CHECKPOINT_PARSE'],
  'rekor2-checkpoint-missing-root-hash_fail': ['TLOG_CHECKPOINT_PARSE'],
  'rekor2-checkpoint-no-matching-signature_fail': ['TLOG_CHECKPOINT_UNSIGNED'],
  'rekor2-dsse-mismatch-sig_fail': ['TLOG_BODY_SIGNATURE'],
  'rekor2-no-timestamp_fail': ['TIME_MISSING'],
  'rekor2-timestamp-outside-trust-root-tsa-validity_fail': ['TSA_WINDOW'],
  'rekor2-timestamp-payload-mismatch_fail': ['TSA_IMPRINT'],
  'rekor2-timestamp-untrusted-tsa-with-embedded-cert_fail': ['TSA_UNTRUSTED'],
  'set-invalid-signature_fail': ['TLOG_SET_INVALID'],
  'trust-root-tlog-missing-validity-start_fail': ['TRUST_ROOT_VALIDITY'],
  'wrong-hashedrekord-cert-and-sig_fail': ['TLOG_BODY_SIGNATURE', 'TLOG_BODY_KEY'],
};

interface Facts {
  readonly signer: string;
  readonly artifact: string;
  readonly times: readonly string[];
  readonly entries: readonly string[];
  readonly predicateType?: string;
}

const WORKFLOW =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main by https://token.actions.githubusercontent.com';
const A_TXT = 'sha256:a0cfc71271d6e278e57cd332ff957c3f7043fdda354c4cbb190a30d56efa01bf';
const PROVENANCE = 'https://slsa.dev/provenance/v1';
const set = (time: string) => `${time} (signed entry timestamp)`;
const tsa = (time: string) => `${time} (timestamp authority)`;
const facts = (time: string, entry: string, more: Partial<Facts> = {}): Facts => ({
  signer: WORKFLOW,
  artifact: A_TXT,
  times: [time],
  entries: [entry],
  ...more,
});

const VERIFIED: Readonly<Record<string, Facts>> = {
  'bundle-with-sct-with-extensions': facts(tsa('2026-01-15T22:49:26.000Z'), 'http://rekor-local 3'),
  'happy-path-intoto-in-dsse-v3': facts(set('2024-12-16T18:42:56.000Z'), 'https://rekor.sigstore.dev 155690850', { predicateType: PROVENANCE }),
  'happy-path-v0.1': facts(set('2023-07-12T15:56:36.000Z'), 'https://rekor.sigstore.dev 27246492'),
  'happy-path-v0.3-new-mediaType': facts(set('2024-03-19T17:26:26.000Z'), 'https://rekor.sigstore.dev 79571823'),
  'intoto-with-custom-trust-root': facts(set('2023-02-01T00:00:00.000Z'), 'http://localhost:8000 4288993', {
    artifact: 'sha256:330a043220fa13e01d68a7db39c89e12b0c4c3b6a0346fe624b0903f1303b5b2',
    times: [set('2023-02-01T00:00:00.000Z'), tsa('2023-02-01T00:00:00.000Z')],
    predicateType: PROVENANCE,
  }),
  // A key names nobody; its fingerprint is what was verified.
  'managed-key-and-trusted-root': facts(set('2026-01-07T18:36:05.000Z'), 'https://rekor.sigstage.dev 51753644', { signer: 'key 4cb32c4837c6dda8' }),
  'rekor2-checkpoint-cosigned': facts(tsa('2025-06-12T12:02:20.000Z'), 'https://log2025-alpha1.rekor.sigstage.dev 735'),
  'rekor2-checkpoint-origin-not-first': facts(tsa('2025-06-12T12:02:20.000Z'), 'https://log2025-alpha1.rekor.sigstage.dev 735'),
  'rekor2-dsse-happy-path': facts(tsa('2026-05-13T19:23:33.000Z'), 'https://log2025-alpha3.rekor.sigstage.dev 4026478', { predicateType: PROVENANCE }),
  'rekor2-happy-path': facts(tsa('2025-06-12T12:02:20.000Z'), 'https://log2025-alpha1.rekor.sigstage.dev 735'),
  // The authority's certificates have expired since; they were valid at the time they vouch for.
  'rekor2-timestamp-with-expired-cert-chain': facts(tsa('2025-08-07T15:32:26.000Z'), 'https://log2025-alpha1.rekor.sigstage.dev 32511'),
  'rekor2-timestamp-without-embedded-cert': facts(tsa('2025-08-06T19:03:51.000Z'), 'https://log2025-alpha1.rekor.sigstage.dev 29472'),
  // The integrated time is the last instant of the log key's window.
  'trust-root-tlog-validity-end-inclusive': facts(set('2023-07-12T15:56:36.000Z'), 'https://rekor.sigstore.dev 27246492'),
};

function factsOf(verification: Verification | undefined): Facts | undefined {
  const verified = verification?.verified;
  if (verified === undefined) return undefined;
  const { identity, statement, times, logEntries, artifact, keyFingerprint } = verified;
  return {
    signer: identity === undefined ? `key ${keyFingerprint.slice(0, 16)}` : `${identity.san} by ${identity.oidcIssuer}`,
    artifact: String(artifact),
    times: times.map(({ time, source }) => `${time.toISOString()} (${source})`),
    entries: logEntries.map(({ log, logIndex }) => `${log} ${logIndex}`),
    ...(statement !== undefined && { predicateType: statement.predicateType }),
  };
}

export function describeVectors(crypto: CryptoProvider): void {
  describe.skipIf(vectors.length === 0).for(['bytes', 'digest'] as const)('with the artifact as %s', (input: Input) => {
    test.each(vectors.filter(({ expect }) => expect === 'pass'))('accepts $name', async (one) => {
      const { ok, codes, verification } = await judge(one, input, crypto);
      expect({ ok, codes }).toEqual({ ok: true, codes: [] });
      // The folder may hold cases that this table does not know yet.
      if (one.name in VERIFIED) expect(factsOf(verification)).toEqual(VERIFIED[one.name]);
    });

    test.each(vectors.filter(({ expect }) => expect === 'fail'))('refuses $name', async (one) => {
      const { ok, codes, verification } = await judge(one, input, crypto);
      expect(ok).toBe(false);
      expect(verification?.verified).toBeUndefined();
      if (one.name in FAILING) expect(codes).toEqual(FAILING[one.name]);
      else expect(codes).not.toEqual([]);
    });
  });

  test.skipIf(vectors.length === 0)('finds every case of the tables among the vectors', () => {
    const names = vectors.map(({ name }) => name);
    expect([...Object.keys(FAILING), ...Object.keys(VERIFIED)].filter((name) => !names.includes(name))).toEqual([]);
  });

  if (vectors.length === 0) test.skip('conformance vectors: the folder is missing (set ASSAY_VECTORS)');
}
