/** `verify` as a whole: thresholds, times, keys, misuse, and verdicts that are always well-formed. */
import { nodeCrypto } from '@assay/crypto-node';
import { encodeName, generateKey, subjectAltName } from '@assay/make';
import { createInstance, defects, type Sample, type SignOptions, statementAbout, verifySample } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { factsOf, malformedVerdict } from '../test/facts.ts';
import { Artifact } from './artifact.ts';
import { decodeBase64 } from './base64.ts';
import { parseBundle } from './bundle.ts';
import { utf8 } from './bytes.ts';
import { failures } from './check.ts';
import { exactly } from './identity.ts';
import { parseSpki } from './key.ts';
import { digestsNeeded } from './signed-content.ts';
import { parseTrustedRoot } from './trusted-root.ts';
import { type Verification, type VerifyOptions, verify } from './verify.ts';
import { webCrypto } from './webcrypto.ts';

const ARTIFACT = utf8('the artifact under test\n');

function judge(
  sample: Sample,
  options: Partial<VerifyOptions> = {},
  artifact: Artifact | undefined = Artifact.fromBytes(sample.artifact),
): Promise<Verification> {
  const identities = (sample.policy.identities ?? []).map(({ san, issuer }) => ({ san: exactly(san), issuer: exactly(issuer) }));
  return verify(sample.bundleBytes, artifact, {
    signer: { identities },
    trustedRoot: parseTrustedRoot(sample.trustedRootBytes),
    crypto: nodeCrypto,
    now: sample.now,
    ...options,
  });
}

const codes = ({ root }: Verification) => failures(root).map(({ code }) => code);
const sign = (options?: SignOptions) => createInstance().sign(ARTIFACT, options);

describe('every kind of signing', () => {
  const kinds: [string, SignOptions][] = [
    ...(['0.1', '0.2', '0.3-old', '0.3'] as const).map((version): [string, SignOptions] => [`version ${version}`, { version }]),
    ...(['p256', 'p384', 'p521', 'rsa2048', 'ed25519'] as const).flatMap((signerKey): [string, SignOptions][] => [
      [`${signerKey} over an artifact, Rekor v1`, { signerKey }],
      [`${signerKey} over an artifact, Rekor v2`, { signerKey, log: 'v2' }],
      [`${signerKey} over an envelope`, { signerKey, content: 'dsse' }],
      // Rekor v2 takes Ed25519 pre-hashed only, and envelopes are signed with the pure form: no such entry exists.
      ...(signerKey === 'ed25519'
        ? []
        : [[`${signerKey} over an envelope, Rekor v2`, { signerKey, content: 'dsse', log: 'v2' }] satisfies [string, SignOptions]]),
    ]),
    ['an intoto entry', { content: 'dsse', entryKind: 'intoto' }],
    ['a dsse 0.0.2 entry', { content: 'dsse', log: 'v2', entryKind: 'dsse' }],
    ['entries of both logs', { log: 'both', timestamp: true }],
    ['a timestamp that embeds its certificate', { log: 'v2', embedTsaCertificate: true }],
    ['a self-managed key', { key: generateKey('p256') }],
    ['an e-mail address', { identity: { type: 'email', value: 'a@example.com' } }],
  ];

  test.each(kinds)('is accepted with both providers, as bytes and as digests: %s', async (_, options) => {
    const sample = sign(options);
    for (const crypto of [nodeCrypto, webCrypto]) expect(await verifySample(sample, crypto)).toMatchObject({ ok: true });
    const key = options.key && parseSpki(options.key.spki);
    const bundle = parseBundle(sample.bundleBytes);
    async function* stream() {
      yield sample.artifact;
    }
    const artifact = await Artifact.fromStream(stream(), digestsNeeded(bundle, key), nodeCrypto);
    const streamed = await judge(sample, key ? { signer: { key } } : {}, artifact);
    const whole = await judge(sample, key ? { signer: { key } } : {});
    expect([malformedVerdict(streamed), malformedVerdict(whole)]).toEqual([undefined, undefined]);
    expect(factsOf(streamed)).toEqual(factsOf(whole));
  });
});

test('every defect of the test kit is refused with a reason and printable text', async () => {
  const malformed: string[] = [];
  for (const defect of defects) {
    const { verification } = await verifySample(defect.make(), nodeCrypto);
    const problem = verification && malformedVerdict(verification);
    if (problem !== undefined) malformed.push(`${defect.name}: ${problem}`);
  }
  expect(malformed).toEqual([]);
});

describe('misuse', () => {
  test.each<[string, Partial<VerifyOptions>]>([
    ['a threshold that is not a number', { logThreshold: Number.NaN }],
    ['a negative threshold', { logThreshold: -1 }],
    ['a fraction', { ctLogThreshold: 0.5 }],
    ['a negative number of timestamps', { timestampThreshold: -1 }],
    ['a negative number of times', { timeThreshold: -1 }],
    ['a present that is no date', { now: new Date(Number.NaN) }],
  ])('%s is a TypeError, never a check that is silently off', async (_, options) => {
    await expect(judge(sign(), options)).rejects.toThrow(TypeError);
  });

  test('an empty list of identities matches nobody', async () => {
    expect(codes(await judge(sign(), { signer: { identities: [] } }))).toEqual(['IDENTITY_MISMATCH']);
  });

  test('a message without its artifact is refused', async () => {
    const sample = sign();
    const { identities = [] } = sample.policy;
    const verification = await verify(sample.bundleBytes, undefined, {
      signer: { identities: identities.map(({ san, issuer }) => ({ san: exactly(san), issuer: exactly(issuer) })) },
      trustedRoot: parseTrustedRoot(sample.trustedRootBytes),
      crypto: nodeCrypto,
      now: sample.now,
    });
    expect([verification.ok, codes(verification)[0]]).toEqual([false, 'ARTIFACT_MISMATCH']);
  });
});

describe('thresholds', () => {
  test('count each log and each authority once', async () => {
    const both = sign({ log: 'both', timestamp: true });
    expect((await judge(both, { logThreshold: 2, timeThreshold: 2 })).ok).toBe(true);
    expect(codes(await judge(both, { logThreshold: 3 }))).toEqual(['TLOG_THRESHOLD']);
  });

  test('of times count witnesses, not statements: two tokens of one authority are one', async () => {
    const instance = createInstance();
    const key = generateKey('p256');
    const options: SignOptions = { key, log: 'v2', timestamp: true };
    // The same authority stamps the same signature twice, at different times.
    const first = instance.sign(ARTIFACT, options);
    const stamps = (sample: Sample) =>
      (sample.bundle.verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? []).map(
        ({ signedTimestamp }) => decodeBase64(signedTimestamp) as Uint8Array,
      );
    const twice = instance.sign(ARTIFACT, {
      ...options,
      timestampedAt: new Date(first.now.getTime() - 60_000),
      alter: { signature: () => first.expected.signature, timestamps: (responses) => [...responses, ...stamps(first)] },
    });
    const signer = { key: parseSpki(key.spki) };
    const verification = await judge(twice, { signer });
    expect(verification.verified?.times).toHaveLength(2);
    expect(codes(await judge(twice, { signer, timeThreshold: 2 }))).toEqual(['TIME_MISSING']);
    expect(codes(await judge(twice, { signer, timestampThreshold: 2 }))).toEqual(['TSA_THRESHOLD']);
  });

  test('of zero demand nothing, and what is there is verified all the same', async () => {
    const none = sign({ log: 'none', timestamp: true });
    expect((await judge(none, { logThreshold: 0 })).ok).toBe(true);
    expect(codes(await judge(none))).toEqual(['TLOG_THRESHOLD']);
  });
});

describe('a self-managed key with a window', () => {
  const key = generateKey('p256');
  const window = (start: string, end: string) => ({ signer: { key: parseSpki(key.spki), window: { start: new Date(start), end: new Date(end) } } });

  test('signs inside the window', async () => {
    expect((await judge(sign({ key }), window('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'))).ok).toBe(true);
  });

  test('does not sign outside', async () => {
    expect(codes(await judge(sign({ key }), window('2025-01-01T00:00:00Z', '2026-01-01T00:00:00Z')))).toEqual(['KEY_WINDOW']);
  });

  test('is refused when nothing proves the time: an expired key could sign for ever', async () => {
    const undated = sign({ key, log: 'v2', timestamp: false });
    expect((await judge(undated, { signer: { key: parseSpki(key.spki) } })).ok).toBe(true);
    expect(codes(await judge(undated, window('2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z')))).toEqual(['TIME_MISSING']);
  });
});

describe('a private authority without times', () => {
  test('is judged at the present only when the caller says so', async () => {
    const sample = createInstance({ now: new Date('2026-08-25T00:00:00Z') }).sign(ARTIFACT, {
      log: 'none',
      timestamp: false,
      signedAt: new Date('2026-08-24T23:55:00Z'),
    });
    const lenient = { logThreshold: 0, allowCurrentTime: true };
    expect(codes(await judge(sample, { logThreshold: 0 }))).toEqual(['TIME_MISSING']);
    expect((await judge(sample, lenient)).ok).toBe(true);
    expect(codes(await judge(sample, { ...lenient, now: new Date('2026-08-25T00:06:00Z') }))).toEqual(['CERT_TIME']);
  });
});

describe('hostile certificates end in a verdict', () => {
  const withExtension = (oid: string, value: Uint8Array) =>
    sign({
      alter: { certified: (fields) => ({ ...fields, extensions: [...fields.extensions.filter((one) => one.oid !== oid), { oid, critical: false, value }] }) },
    });

  test.each([
    ['authority key identifier', '2.5.29.35'],
    ['subject key identifier', '2.5.29.14'],
    ['basic constraints', '2.5.29.19'],
    ['key usage', '2.5.29.15'],
    ['extended key usage', '2.5.29.37'],
    ['subject alternative name', '2.5.29.17'],
    ['SCT list', '1.3.6.1.4.1.11129.2.4.2'],
    ['OIDC issuer', '1.3.6.1.4.1.57264.1.8'],
  ])('with a malformed %s', async (_, oid) => {
    for (const value of [new Uint8Array(0), Uint8Array.of(0x30), Uint8Array.of(0x30, 0x80), Uint8Array.of(5, 0), utf8('garbage')]) {
      const verification = await judge(withExtension(oid, value));
      expect([verification.ok, malformedVerdict(verification)]).toEqual([false, undefined]);
    }
  });

  test('with a name of a megabyte', async () => {
    const { value } = subjectAltName([{ type: 'uri', value: `https://${'x'.repeat(1_000_000)}` }]);
    const verification = await judge(withExtension('2.5.29.17', value));
    expect([verification.ok, malformedVerdict(verification)]).toEqual([false, undefined]);
    expect(failures(verification.root).every(({ says, found = '' }) => says.length + found.length < 2000)).toBe(true);
  });

  test('whose issuer is made of control characters', async () => {
    const verification = await judge(sign({ alter: { certified: (fields) => ({ ...fields, issuer: encodeName({ commonName: 'a\n\u001b[2J\u202e' }) }) } }));
    expect([verification.ok, malformedVerdict(verification)]).toEqual([false, undefined]);
  });

  test.each([
    ['node:crypto', nodeCrypto],
    ['Web Crypto', webCrypto],
  ])('whose key is a point off its curve (%s)', async (_, crypto) => {
    const off = (fields: { spki: Uint8Array }) => ({ ...fields, spki: fields.spki.with(-1, (fields.spki.at(-1) as number) ^ 1) as Uint8Array }) as never;
    const verification = await judge(sign({ alter: { leaf: off } }), { crypto });
    expect([verification.ok, malformedVerdict(verification)]).toEqual([false, undefined]);
    expect(codes(verification)).toContain('KEY_PARSE');
  });
});

test('an envelope without artifact is verified, and vouches for no digest', async () => {
  const sample = sign({ content: 'dsse', payload: statementAbout(ARTIFACT) });
  const { identities = [] } = sample.policy;
  const verification = await verify(sample.bundleBytes, undefined, {
    signer: { identities: identities.map(({ san, issuer }) => ({ san: exactly(san), issuer: exactly(issuer) })) },
    trustedRoot: parseTrustedRoot(sample.trustedRootBytes),
    crypto: nodeCrypto,
    now: sample.now,
  });
  expect([verification.ok, verification.verified?.artifact, verification.verified?.statement?.predicateType]).toEqual([
    true,
    undefined,
    'https://slsa.dev/provenance/v1',
  ]);
});

describe('content that is judged apart', () => {
  const opaque = (sample: Sample, options: Partial<VerifyOptions> = {}) => withoutArtifact(sample, { opaqueContent: true, ...options });
  const withoutArtifact = (sample: Sample, options: Partial<VerifyOptions> = {}) => {
    const identities = (sample.policy.identities ?? []).map(({ san, issuer }) => ({ san: exactly(san), issuer: exactly(issuer) }));
    const trustedRoot = parseTrustedRoot(sample.trustedRootBytes);
    return verify(sample.bundleBytes, undefined, { signer: { identities }, trustedRoot, crypto: nodeCrypto, now: sample.now, ...options });
  };

  test('is handed out as it was signed, though it is no statement', async () => {
    const sample = createInstance().sign(ARTIFACT, { content: 'dsse', payload: utf8('not a statement') });
    expect(codes(await withoutArtifact(sample))).toEqual(['STATEMENT_PARSE']);
    const { ok, verified } = await opaque(sample);
    expect([ok, verified?.content?.type, verified?.statement, verified?.artifact]).toEqual([true, 'application/vnd.in-toto+json', undefined, undefined]);
    expect(verified?.content?.bytes).toEqual(utf8('not a statement'));
  });

  test('is not handed out when it is not what was signed', async () => {
    const sample = sign({ content: 'dsse', alter: { signedBytes: (bytes) => bytes.toReversed() } });
    const { ok, verified } = await opaque(sample);
    expect([ok, verified]).toEqual([false, undefined]);
  });

  test('needs the artifact when it is the artifact', async () => {
    const { ok, verified } = await opaque(sign());
    expect([ok, verified]).toEqual([false, undefined]);
  });

  test('cannot be demanded beside what reads it', async () => {
    await expect(opaque(sign({ content: 'dsse' }), { predicateType: 'x' })).rejects.toThrow(TypeError);
    await expect(judge(sign({ content: 'dsse' }), { opaqueContent: true })).rejects.toThrow(TypeError);
  });
});
