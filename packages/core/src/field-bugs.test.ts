/**
 * Published vulnerabilities of comparable verifiers, replayed against this one. docs/field-bugs.md tells the story of each and names the
 * test; tools/field-bugs.test.ts checks that every named test exists.
 */
import { nodeCrypto } from '@assay/crypto-node';
import { generateKey, issueRoot } from '@assay/make';
import { change, createInstance, impostorOf, put, type Sample, type SignOptions, verifySample } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../test/codes.ts';
import { malformedVerdict } from '../test/facts.ts';
import { counting } from '../test/memo-crypto.ts';
import { Artifact } from './artifact.ts';
import { encodeBase64 } from './base64.ts';
import { parseBundle } from './bundle.ts';
import { utf8 } from './bytes.ts';
import { failures } from './check.ts';
import { checkIdentity, exactly, matching } from './identity.ts';
import { parseSpki } from './key.ts';
import { parseLegacyBundle } from './legacy-bundle.ts';
import { encodePem } from './pem.ts';
import { parseTrustedRoot } from './trusted-root.ts';
import { type VerifyOptions, verify } from './verify.ts';
import { parseCertificatesPem } from './x509.ts';

const ARTIFACT = utf8('the artifact');
const OTHER = utf8('another artifact');
const instance = createInstance();
const sign = (options?: SignOptions, artifact = ARTIFACT): Sample => instance.sign(artifact, options);
const entriesOf = (sample: Sample) => sample.bundle.verificationMaterial.tlogEntries;
const edited = (sample: Sample, edit: (document: unknown) => unknown): Sample => ({ ...sample, bundleBytes: utf8(JSON.stringify(edit(sample.bundle))) });

async function codes(sample: Sample, options: Partial<VerifyOptions> = {}): Promise<(string | undefined)[]> {
  const identities = (sample.policy.identities ?? []).map(({ san, issuer }) => ({ san: exactly(san), issuer: exactly(issuer) }));
  const trustedRoot = parseTrustedRoot(sample.trustedRootBytes);
  const verification = await verify(sample.bundleBytes, Artifact.fromBytes(sample.artifact), {
    signer: { identities },
    trustedRoot,
    crypto: nodeCrypto,
    now: sample.now,
    ...options,
  });
  expect(malformedVerdict(verification)).toBeUndefined();
  return failures(verification.root).map(({ code }) => code);
}

describe('log entries', () => {
  test('a genuine Rekor entry of another signing does not stand for this one', async () => {
    const other = sign({}, OTHER);
    const borrowed = edited(sign(), put('verificationMaterial.tlogEntries', entriesOf(other)));
    expect(await codes(borrowed)).toEqual(expect.arrayContaining(['TLOG_BODY_SIGNATURE', 'TLOG_BODY_KEY', 'TLOG_BODY_DIGEST']));
  });

  test('an entry for the same artifact by another signer does not stand for this signature', async () => {
    const other = sign({});
    const borrowed = edited(sign(), put('verificationMaterial.tlogEntries', entriesOf(other)));
    expect(await codes(borrowed)).toEqual(['TLOG_BODY_SIGNATURE', 'TLOG_BODY_KEY']);
  });

  test('a promise copied from another entry is refused', async () => {
    const promise = entriesOf(sign({}, OTHER))[0]?.inclusionPromise;
    expect(await codes(edited(sign(), put('verificationMaterial.tlogEntries.0.inclusionPromise', promise)))).toEqual(['TLOG_SET_INVALID']);
  });

  test('one entry copied, or another index of the same log, never adds up to a threshold', async () => {
    const twice = edited(
      sign(),
      change<unknown[]>('verificationMaterial.tlogEntries', ([entry]) => [entry, entry]),
    );
    expect(await codes(twice, { logThreshold: 2 })).toContain('TLOG_DUPLICATE');
    // One compromised log may well hold two different entries of the same signing: still one witness (GHSA-9vcr-p3rj-q5q6).
    const again = sign({ alter: { entries: (entries, { rekorV1 }) => [...entries, relogged(entries[0] as never, rekorV1 as never)] } });
    expect(entriesOf(again).map(({ logIndex }) => logIndex)).toHaveLength(2);
    expect(await codes(again)).toEqual([]);
    expect(await codes(again, { logThreshold: 2 })).toEqual(['TLOG_THRESHOLD']);

    type Log = { append(entry: object, at: Date): number; entry(index: number): never };
    function relogged(entry: { body: Uint8Array; kind: string; version: string }, log: Log): never {
      return log.entry(log.append({ body: entry.body, kind: entry.kind, version: entry.version, searchKeys: [] }, new Date('2026-08-24T23:00:03Z')));
    }
  });

  test('a checkpoint of another log, genuinely signed by that log, is refused', async () => {
    const stranger = createInstance({ rekorV2Host: 'log.other.example' }).sign(ARTIFACT, { log: 'v2' });
    const checkpoint = entriesOf(stranger)[0]?.inclusionProof?.checkpoint.envelope;
    const borrowed = edited(sign({ log: 'v2' }), put('verificationMaterial.tlogEntries.0.inclusionProof.checkpoint.envelope', checkpoint));
    expect(await codes(borrowed)).toEqual(['TLOG_CHECKPOINT_UNSIGNED']);
  });

  test('log keys come from the trusted root alone: an entry of a log that vouches for itself does not count', async () => {
    const own = createInstance();
    const selfLogged = own.sign(ARTIFACT);
    expect(await codes({ ...selfLogged, trustedRootBytes: sign().trustedRootBytes })).toContain('TLOG_UNKNOWN_LOG');
  });

  test('a missing or unusable entry is a failure, never "nothing to check"', async () => {
    const without = edited(sign({ timestamp: true }), put('verificationMaterial.tlogEntries', []));
    expect(await codes(without)).toEqual(['TLOG_THRESHOLD']);
    expect(codeOf(() => parseBundle(edited(sign(), put('verificationMaterial.tlogEntries.0.inclusionProof', null)).bundleBytes))).toBe('BUNDLE_PROOF_MISSING');
  });
});

describe('keys and certificates', () => {
  test("a bare public key where a legacy bundle's certificate belongs is not a certificate", () => {
    const key = encodeBase64(utf8(encodePem('PUBLIC KEY', generateKey('p256').spki)));
    const { certificatePem = '' } = parseLegacyBundle(utf8(JSON.stringify({ base64Signature: 'AQID', cert: key })));
    expect(codeOf(() => parseCertificatesPem(certificatePem))).toBe('CERT_PARSE');
  });

  test("another key than the signer's is refused, whatever key the evidence names", async () => {
    const signed = sign({ key: generateKey('p256') });
    expect(await codes(signed, { signer: { key: parseSpki(generateKey('p256').spki) } })).toEqual(['TLOG_BODY_KEY', 'SIGNATURE_INVALID']);
  });

  test('a self-managed key signs only inside its window, and not at an unknown time', async () => {
    const key = generateKey('p256');
    const signer = { key: parseSpki(key.spki), window: { start: new Date(0), end: new Date(1000) } };
    expect(await codes(sign({ key }), { signer })).toEqual(['KEY_WINDOW']);
    expect(await codes(sign({ key, log: 'v2', timestamp: false }), { signer })).toEqual(['TIME_MISSING']);
  });

  test('a chain that the signer made and put into the bundle is no anchor', async () => {
    const validity = { notBefore: new Date('2025-01-01T00:00:00Z'), notAfter: new Date('2035-01-01T00:00:00Z') };
    const root = issueRoot({ name: { commonName: 'made at home' }, key: generateKey('p256'), ...validity });
    const ownChain = sign({ version: '0.2', alter: { issuer: () => root } });
    expect(await codes(ownChain)).toContain('CERT_CHAIN');
    const withRoot = edited(
      ownChain,
      change<object[]>('verificationMaterial.x509CertificateChain.certificates', (chain) => [...chain, { rawBytes: encodeBase64(root.certificate) }]),
    );
    expect(await codes(withRoot)).toEqual(expect.arrayContaining(['BUNDLE_CHAIN', 'CERT_CHAIN']));
    // The same names, another key: looks right to whoever compares names only.
    const impostor = sign({ alter: { issuer: (real) => impostorOf(real) } });
    expect((await codes(impostor)).some((code) => code?.startsWith('CERT_CHAIN'))).toBe(true);
  });

  test('an authority that had expired when the signature was made is refused, though the leaf had not', async () => {
    const expired = createInstance({ alter: { intermediate: (fields) => ({ ...fields, notAfter: new Date('2026-01-01T00:00:00Z') }) } });
    expect(await codes(expired.sign(ARTIFACT))).toEqual(['CERT_TIME']);
  });

  test('a certificate without a timestamp of the CT log is refused unless the caller says otherwise', async () => {
    const without = sign({ alter: { scts: () => [] } });
    expect(await codes(without)).toEqual(['SCT_MISSING']);
    expect(await codes(without, { ctLogThreshold: 0 })).toEqual([]);
    const emptyRoot = { ...sign(), trustedRootBytes: utf8(JSON.stringify(put('ctlogs', [])(sign().trustedRoot))) };
    expect(await codes(emptyRoot)).toEqual(['SCT_UNKNOWN_LOG']);
  });
});

describe('times', () => {
  test('an integrated time after the certificate expired is refused, though the log promised it', async () => {
    expect(await codes(sign({ integratedAt: new Date('2026-08-25T00:00:00Z') }))).toEqual(['CERT_TIME']);
  });

  test('an integrated time that no promise covers is no time', async () => {
    const unsigned = edited(sign(), put('verificationMaterial.tlogEntries.0.inclusionPromise', null));
    expect(await codes(unsigned)).toEqual(['TIME_MISSING']);
  });

  test('a timestamp of another signature is refused', async () => {
    const token = sign({ log: 'v2' }, OTHER).bundle.verificationMaterial.timestampVerificationData;
    expect(await codes(edited(sign({ log: 'v2' }), put('verificationMaterial.timestampVerificationData', token)))).toEqual(['TSA_IMPRINT']);
  });

  test('certificates inside a timestamp decide nothing: the signer named in it is judged, in any order of the bag', async () => {
    const own = createInstance();
    for (const order of ['first', 'last'] as const) {
      const stuffed = sign({
        log: 'v2',
        embedTsaCertificate: true,
        alter: {
          timestamp: {
            token: (parts) => ({
              ...parts,
              certificates: order === 'first' ? [...own.tsaChain, ...(parts.certificates ?? [])] : [...(parts.certificates ?? []), ...own.tsaChain],
            }),
          },
        },
      });
      expect(await codes(stuffed)).toEqual([]);
    }
    const foreign = sign({ log: 'v2', embedTsaCertificate: true, alter: { timestamp: { signer: () => own.tsaSigner } } });
    expect((await codes(foreign)).every((code) => code?.startsWith('TSA_'))).toBe(true);
    expect(await codes(foreign)).not.toEqual([]);
  });

  test('every proven time must fit, not the most convenient one', async () => {
    expect(await codes(sign({ timestamp: true, timestampedAt: new Date('2026-08-24T20:00:00Z') }))).toEqual(['CERT_TIME']);
  });
});

describe('identities', () => {
  const found = {
    san: { kind: 'uri', value: 'https://github.com/org/repo/.github/workflows/w.yml@refs/heads/main.evil' },
    oidcIssuer: 'https://issuer',
    extensions: {},
  } as const;
  const judge = async (san: Parameters<typeof exactly>[0], pattern = false) =>
    checkIdentity(found, [{ san: pattern ? await matching(san) : exactly(san), issuer: exactly('https://issuer') }]).status;

  test('an expected identity is text, not a pattern, and a pattern matches the whole name', async () => {
    expect(await judge('https://github.com/org/repo/.github/workflows/w.yml@refs/heads/main')).toBe('fail');
    expect(await judge('https://github.com/.*')).toBe('fail');
    expect(await judge(String.raw`https://github\.com/org/repo/.*@refs/heads/main`, true)).toBe('fail');
    expect(await judge(String.raw`https://github\.com/org/repo/.*@refs/heads/main\.evil`, true)).toBe('pass');
  });

  test('an identity that is given is compared on every path, also with the key material of old bundles', async () => {
    for (const version of ['0.1', '0.2', '0.3'] as const) {
      const sample = { ...sign({ version }), policy: { identities: [{ san: 'someone@else', issuer: 'https://token.actions.githubusercontent.com' }] } };
      expect(await codes(sample)).toEqual(['IDENTITY_MISMATCH']);
    }
    expect(await codes({ ...sign({ key: generateKey('p256') }), policy: sign().policy })).toContain('IDENTITY_MISSING');
  });
});

describe('content', () => {
  test('the digest stated in the bundle never stands in for that of the artifact', async () => {
    const swapped = { ...sign(), artifact: OTHER };
    expect(await codes(swapped)).toContain('ARTIFACT_MISMATCH_DIGEST');
    const stated = edited(swapped, put('messageSignature.messageDigest.digest', encodeBase64((await nodeCrypto.hash('sha256', OTHER)) as Uint8Array)));
    expect(await codes(stated)).toEqual(['TLOG_BODY_DIGEST', 'SIGNATURE_INVALID']);
  });

  test('an attestation of another type, or with a payload that cannot be read, is not what was asked for', async () => {
    const sample = sign({ content: 'dsse' });
    expect(await codes(sample, { predicateType: 'https://spdx.dev/Document' })).toEqual(['STATEMENT_PREDICATE_TYPE']);
    expect(await codes(sign({ content: 'dsse', payload: utf8('{"not": "a statement"') }), { predicateType: 'https://spdx.dev/Document' })).toEqual([
      'STATEMENT_PARSE',
    ]);
    expect(await codes(sign({ content: 'dsse', payloadType: 'text/plain' }), { predicateType: 'https://spdx.dev/Document' })).toEqual([
      'STATEMENT_PAYLOAD_TYPE',
    ]);
  });

  test('a member that stands twice is refused, however it is spelled: two readers cannot read two things', async () => {
    const text = JSON.stringify(sign().bundle);
    for (const twice of [
      text.replace('{"mediaType"', '{"mediaType":"x","mediaType"'),
      text.replace('"signature":', '"signature":"AAAA","signatur\\u0065":'),
      text.replace('"logIndex":', '"logIndex":"0","logIndex":'),
    ])
      expect(codeOf(() => parseBundle(utf8(twice)))).toBe('BUNDLE_PARSE');
    const payload = utf8('{"_type":"https://in-toto.io/Statement/v1","predicateType":"a","predicateType":"b","subject":[]}');
    expect(await codes(sign({ content: 'dsse', payload }))).toEqual(['STATEMENT_PARSE']);
  });

  test('names that every JavaScript object has are not media types, algorithms or kinds', async () => {
    const sample = sign();
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(codeOf(() => parseBundle(edited(sample, put('mediaType', name)).bundleBytes))).toBe('BUNDLE_VERSION');
      expect(codeOf(() => parseBundle(edited(sample, put('messageSignature.messageDigest.algorithm', name)).bundleBytes))).toBe('BUNDLE_SHAPE');
      expect(await codes(edited(sample, put('verificationMaterial.tlogEntries.0.kindVersion', { kind: name, version: name })))).toContain('TLOG_KIND');
    }
  });
});

describe('malformed input', () => {
  test('a bundle with any member missing, null or of another type ends in a verdict, never in an exception', async () => {
    const { verification } = await verifySample(sign(), nodeCrypto);
    expect(verification?.ok).toBe(true);
    for (const sample of [sign({ version: '0.1' }), sign({ timestamp: true }), sign({ content: 'dsse', log: 'v2' })]) {
      for (const path of paths(sample.bundle)) for (const value of [null, {}, [], '', 0, 'AAAA', true]) await codes(edited(sample, put(path, value)));
    }
  });

  test('more items than anyone needs are refused before any signature is checked', async () => {
    const crypto = counting(nodeCrypto);
    const many = edited(
      sign(),
      change<unknown[]>('verificationMaterial.tlogEntries', ([entry]) => Array.from({ length: 1000 }, () => entry)),
    );
    expect(await codes(many, { crypto })).toEqual(['BUNDLE_LIMIT']);
    const stamps = edited(
      sign({ timestamp: true }),
      change<unknown[]>('verificationMaterial.timestampVerificationData.rfc3161Timestamps', ([one]) => Array.from({ length: 1000 }, () => one)),
    );
    expect(await codes(stamps, { crypto })).toEqual(['BUNDLE_LIMIT']);
    expect(crypto.verified).toEqual([]);
  });

  function paths(value: unknown, prefix = ''): string[] {
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, member]) => [`${prefix}${name}`, ...paths(member, `${prefix}${name}.`)]);
  }
});
