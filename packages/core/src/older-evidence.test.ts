/** Evidence older than bundles through the one verification: payloads that name images, stored envelopes, annotations. */
import { nodeCrypto } from '@assay/crypto-node';
import { encodeEntryBody, encodeEnvelope, sha256 } from '@assay/make';
import { createInstance, DEFAULT_CLAIMS, DEFAULT_IDENTITY, DEFAULT_NOW } from '@assay/testkit';
import { beforeAll, describe, expect, test } from 'vitest';
import { Artifact } from './artifact.ts';
import { encodeBase64 } from './base64.ts';
import { type Bundle, type BundleContent, type LogEntry, parseBundle } from './bundle.ts';
import { toHex, utf8 } from './bytes.ts';
import { failures } from './check.ts';
import { parseEnvelope } from './envelope.ts';
import { exactly } from './identity.ts';
import { bundleOf } from './legacy-bundle.ts';
import { encodePem } from './pem.ts';
import { encodeSimpleSigning } from './simple-signing.ts';
import { parseTrustedRoot, type TrustedRoot } from './trusted-root.ts';
import { isVerified } from './verified.ts';
import { type Verification, type VerifyOptions, verify } from './verify.ts';

const IMAGE = sha256(utf8('an image manifest'));
const DIGEST = `sha256:${toHex(IMAGE)}`;
const instance = createInstance();
let trustedRoot: TrustedRoot;
beforeAll(() => {
  trustedRoot = parseTrustedRoot(utf8(JSON.stringify(instance.trustedRoot())));
});

const signed = (payload: Uint8Array): Bundle => {
  const bundle = parseBundle(instance.sign(payload).bundleBytes);
  return bundleOf({ ...bundle, content: { kind: 'payload', payload, signature: bundle.content.signature } });
};
const payloadOf = (optional: unknown, digest = DIGEST): Uint8Array => {
  const payload = JSON.parse(new TextDecoder().decode(encodeSimpleSigning({ dockerReference: 'registry.example/app', digest })));
  return utf8(JSON.stringify({ ...payload, optional }));
};
const judge = (
  bundle: Bundle,
  more: Partial<VerifyOptions> = {},
  artifact: Artifact | undefined = Artifact.fromDigests({ sha256: IMAGE }),
): Promise<Verification> =>
  verify(bundle, artifact, {
    signer: { identities: [{ san: exactly(DEFAULT_IDENTITY.san), issuer: exactly(DEFAULT_CLAIMS.iss) }] },
    trustedRoot,
    crypto: nodeCrypto,
    now: DEFAULT_NOW,
    ...more,
  });
const codes = async (verification: Promise<Verification>): Promise<(string | undefined)[]> => failures((await verification).root).map(({ code }) => code);

describe('a payload that names an image', () => {
  test('is verified, and what it says is a verified value', async () => {
    const payload = payloadOf({ stage: 'prod' });
    const { ok, verified } = await judge(signed(payload), { annotations: { stage: 'prod' } });
    expect(ok).toBe(true);
    expect(verified?.artifact?.toString()).toBe(DIGEST);
    expect(isVerified(verified?.payload)).toBe(true);
    expect(verified?.payload?.content).toEqual({ dockerReference: 'registry.example/app', digest: DIGEST, optional: { stage: 'prod' } });
    expect(verified?.payload?.bytes).toEqual(payload);
    expect(verified?.statement).toBeUndefined();
  });

  test('of another image is refused', async () => {
    expect(await codes(judge(signed(payloadOf(null, `sha256:${'0'.repeat(64)}`))))).toEqual(['ARTIFACT_MISMATCH_DIGEST']);
  });

  test('is refused when its digest is of another algorithm, or spelled otherwise', async () => {
    for (const digest of [`sha512:${toHex(IMAGE)}`, DIGEST.toUpperCase(), toHex(IMAGE), '']) {
      expect(await codes(judge(signed(payloadOf(null, digest))))).toEqual(['ARTIFACT_MISMATCH_DIGEST']);
    }
  });

  test('is refused when it was changed after signing', async () => {
    const bundle = signed(payloadOf(null, `sha256:${'0'.repeat(64)}`));
    const content = { ...bundle.content, payload: payloadOf(null) } as BundleContent;
    expect(await codes(judge({ ...bundle, content }))).toEqual(['TLOG_BODY_DIGEST', 'SIGNATURE_INVALID']);
  });

  test('is not compared with an image that was not given', async () => {
    const { ok, verified } = await verify(signed(payloadOf(null, 'sha256:other')), undefined, {
      signer: { identities: [{ san: exactly(DEFAULT_IDENTITY.san), issuer: exactly(DEFAULT_CLAIMS.iss) }] },
      trustedRoot,
      crypto: nodeCrypto,
      now: DEFAULT_NOW,
    });
    expect([ok, verified?.artifact]).toEqual([true, undefined]);
  });
});

describe('annotations that are demanded', () => {
  const demanded = { a: '1' };
  test.each<[string, unknown, string[]]>([
    ['are there', { a: '1', more: 'x' }, []],
    ['have another value', { a: '2' }, ['ANNOTATION_MISMATCH']],
    ['are missing', { b: '1' }, ['ANNOTATION_MISMATCH']],
    ['are missing altogether', null, ['ANNOTATION_MISMATCH']],
    ['are a number', { a: 1 }, ['ANNOTATION_MISMATCH']],
    ['are a large number', { a: 2 ** 60 }, ['ANNOTATION_MISMATCH']],
    ['are a boolean', { a: true }, ['ANNOTATION_MISMATCH']],
    ['are null', { a: null }, ['ANNOTATION_MISMATCH']],
    ['are a list', { a: ['1'] }, ['ANNOTATION_MISMATCH']],
  ])('in a payload %s', async (_, optional, expected) => {
    expect(await codes(judge(signed(payloadOf(optional)), { annotations: demanded }))).toEqual(expected);
  });

  test('are never inherited names', async () => {
    expect(await codes(judge(signed(payloadOf({})), { annotations: { constructor: 'Object' } }))).toEqual(['ANNOTATION_MISMATCH']);
  });

  test.each<[string, object[], string[]]>([
    ['its annotations', [{ digest: { sha256: toHex(IMAGE) }, annotations: demanded }], []],
    ['others', [{ digest: { sha256: toHex(IMAGE) }, annotations: { a: '2' } }], ['ANNOTATION_MISMATCH']],
    ['none', [{ digest: { sha256: toHex(IMAGE) } }], ['ANNOTATION_MISMATCH']],
    [
      'those of another subject',
      [
        { digest: { sha256: '00'.repeat(32) }, annotations: demanded },
        { digest: { sha256: toHex(IMAGE) }, annotations: {} },
      ],
      ['ANNOTATION_MISMATCH'],
    ],
  ])('are read from the subject that matched: %s', async (_, subject, expected) => {
    const statement = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: 'https://sigstore.dev/cosign/sign/v1', predicate: {} };
    const sample = instance.sign(utf8('unused'), { content: 'dsse', payload: utf8(JSON.stringify(statement)) });
    expect(await codes(judge(parseBundle(sample.bundleBytes), { annotations: demanded }))).toEqual(expected);
  });

  test('are nothing that a bare signature can have', async () => {
    const artifact = utf8('a file');
    const bundle = parseBundle(instance.sign(artifact).bundleBytes);
    expect(await codes(judge(bundle, { annotations: demanded }, Artifact.fromBytes(artifact)))).toEqual(['ANNOTATION_MISMATCH']);
  });
});

describe('an intoto 0.0.1 entry, which commits to the text of the envelope', () => {
  /** The same signing, logged as older clients did. */
  function logged(change: (text: string) => string = (text) => text): { bundle: Bundle; stored: Uint8Array; entry: LogEntry } {
    const sample = instance.sign(utf8('unused'), { content: 'dsse', payload: utf8(statementText()) });
    const { certificate, payload, signature } = sample.expected;
    const stored = utf8(encodeEnvelope({ payload: payload as Uint8Array, payloadType: 'application/vnd.in-toto+json', signature }));
    const spec = {
      content: { hash: { algorithm: 'sha256', value: toHex(sha256(utf8(change(new TextDecoder().decode(stored))))) } },
      publicKey: encodeBase64(utf8(encodePem('CERTIFICATE', certificate as Uint8Array))),
    };
    const body = encodeEntryBody({ kind: 'intoto', version: '0.0.1', spec });
    const index = instance.rekorV1.append({ body, kind: 'intoto', version: '0.0.1' }, new Date(DEFAULT_NOW.getTime() - 3_597_000));
    const { logIndex, logId, integratedTime = 0, signedEntryTimestamp, kind, version } = instance.rekorV1.entry(index);
    const entry: LogEntry = {
      logIndex: BigInt(logIndex),
      logId,
      integratedTime: BigInt(integratedTime),
      signedEntryTimestamp,
      kind,
      version,
      body,
      inclusionProof: undefined,
    };
    const { material } = parseBundle(sample.bundleBytes);
    return { bundle: bundleOf({ content: parseEnvelope(stored), material, entries: [entry], timestamps: [] }), stored, entry };
  }
  const statementText = (): string =>
    JSON.stringify({
      _type: 'https://in-toto.io/Statement/v0.1',
      subject: [{ name: 'app', digest: { sha256: toHex(IMAGE) } }],
      predicateType: 'p',
      predicate: {},
    });

  test('vouches for an envelope that is stored as it was logged', async () => {
    expect((await judge(logged().bundle)).ok).toBe(true);
  });

  test('is refused for another text of the same envelope', async () => {
    expect(await codes(judge(logged((text) => `${text} `).bundle))).toEqual(['TLOG_BODY_DIGEST']);
  });

  test('is refused where the text is not kept', async () => {
    const { bundle } = logged();
    const { stored: _, ...content } = bundle.content as BundleContent & { kind: 'dsse' };
    expect(await codes(judge({ ...bundle, content }))).toEqual(['TLOG_KIND']);
  });
});
