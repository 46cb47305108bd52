import { encodeBase64, encodePem, utf8 } from '@assay/core';
import { createInstance } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { digestOf } from '../digest.ts';
import type { Evidence, EvidenceFormat } from './evidence.ts';
import { ANNOTATION, looseParts } from './loose.ts';

const PAYLOAD = utf8('{"critical":{}}');
const SIGNATURE = Uint8Array.of(1, 2, 3);
const ENVELOPE = JSON.stringify({
  payloadType: 'application/vnd.in-toto+json',
  payload: encodeBase64(utf8('{}')),
  signatures: [{ sig: encodeBase64(SIGNATURE) }],
});

function evidence(annotations: Readonly<Record<string, string>>, content: Uint8Array = PAYLOAD, format: EvidenceFormat = 'payload'): Evidence {
  return { format, reference: 'app@sha256:…', content, annotations, digest: digestOf(content) };
}

const SIGNED = { [ANNOTATION.signature]: encodeBase64(SIGNATURE) };
const withPart = (name: keyof typeof ANNOTATION, value: string): Evidence => evidence({ ...SIGNED, [ANNOTATION[name]]: value });

interface TlogEntry {
  readonly logIndex: string;
  readonly integratedTime: string;
  readonly logId: { readonly keyId: string };
  readonly inclusionPromise: { readonly signedEntryTimestamp: string };
  readonly canonicalizedBody: string;
}

/** The JSON that cosign puts beside a signature, of a real entry. */
function rekorBundle(): { readonly SignedEntryTimestamp: string; readonly Payload: Record<string, unknown> } {
  const { bundle } = createInstance().sign(PAYLOAD);
  const [entry] = (bundle as unknown as { verificationMaterial: { tlogEntries: [TlogEntry] } }).verificationMaterial.tlogEntries;
  return {
    SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
    Payload: {
      body: entry.canonicalizedBody,
      integratedTime: Number(entry.integratedTime),
      logIndex: Number(entry.logIndex),
      logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
    },
  };
}

describe('the parts', () => {
  test('of a signature alone', () => {
    expect(looseParts(evidence(SIGNED))).toEqual({
      content: { kind: 'payload', payload: PAYLOAD, signature: SIGNATURE },
      certificate: undefined,
      entry: undefined,
      timestamps: [],
    });
  });

  test('of an attestation: its signature is in the envelope', () => {
    const { content } = looseParts(evidence({ [ANNOTATION.signature]: '' }, utf8(ENVELOPE), 'envelope'));
    expect(content).toMatchObject({ kind: 'dsse' });
  });

  test('with a certificate, a log entry and a timestamp', () => {
    const der = Uint8Array.of(0x30, 0);
    const json = rekorBundle();
    const parts = looseParts(
      evidence({
        ...SIGNED,
        [ANNOTATION.certificate]: encodePem('CERTIFICATE', der),
        [ANNOTATION.chain]: '',
        [ANNOTATION.bundle]: JSON.stringify(json),
        [ANNOTATION.timestamp]: JSON.stringify({ SignedRFC3161Timestamp: encodeBase64(Uint8Array.of(9)) }),
      }),
    );
    expect([parts.certificate, parts.timestamps]).toEqual([der, [Uint8Array.of(9)]]);
    expect(parts.entry?.logIndex).toBe(BigInt(Number(json.Payload['logIndex'])));
  });

  test.each(['', 'null'])('that are %j are absent', (value) => {
    for (const name of ['bundle', 'timestamp'] as const) expect(looseParts(withPart(name, value))).toMatchObject({ entry: undefined, timestamps: [] });
    expect(looseParts(withPart('certificate', '')).certificate).toBeUndefined();
  });
});

describe('refused with its code', () => {
  const json = rekorBundle();
  test.each<[string, Evidence, string]>([
    ['no signature', evidence({}), 'SIGNATURE_ENCODING'],
    ['an empty signature', evidence({ [ANNOTATION.signature]: '' }), 'SIGNATURE_ENCODING'],
    ['a signature that is not base64', evidence({ [ANNOTATION.signature]: '!' }), 'SIGNATURE_ENCODING'],
    ['a signature without its padding', evidence({ [ANNOTATION.signature]: 'AQ' }), 'SIGNATURE_ENCODING'],
    ['a certificate that is no PEM', withPart('certificate', 'MIIB'), 'CERT_PARSE'],
    ['a certificate that is a key', withPart('certificate', encodePem('PUBLIC KEY', Uint8Array.of(0x30, 0))), 'CERT_PARSE'],
    ['an entry that is no JSON', withPart('bundle', '{'), 'BUNDLE_PARSE'],
    ['an entry that is a list', withPart('bundle', '[]'), 'BUNDLE_PARSE'],
    ['an entry with a member twice', withPart('bundle', '{"Payload":{},"Payload":{}}'), 'BUNDLE_PARSE'],
    ['an entry without a payload', withPart('bundle', '{}'), 'BUNDLE_SHAPE'],
    ['an entry of a log without an identity', withPart('bundle', JSON.stringify({ ...json, Payload: { ...json.Payload, logID: '' } })), 'BUNDLE_SHAPE'],
    ['an entry whose log is no hex', withPart('bundle', JSON.stringify({ ...json, Payload: { ...json.Payload, logID: 'xyz' } })), 'BUNDLE_SHAPE'],
    ['a timestamp that is no JSON', withPart('timestamp', 'x'), 'TSA_PARSE'],
    ['a timestamp without its bytes', withPart('timestamp', '{}'), 'TSA_PARSE'],
    ['a timestamp that is not base64', withPart('timestamp', '{"SignedRFC3161Timestamp":"!"}'), 'TSA_PARSE'],
    ['an envelope that is no JSON', evidence({}, utf8('x'), 'envelope'), 'BUNDLE_PARSE'],
    ['an envelope without signatures', evidence({}, utf8('{"payloadType":"t","payload":"e30=","signatures":[]}'), 'envelope'), 'BUNDLE_SHAPE'],
  ])('%s', async (_, given, code) => {
    expect((await caught(() => looseParts(given))).code).toBe(code);
  });

  test('and hostile text in it is escaped', async () => {
    const { message } = await caught(() => looseParts(withPart('bundle', '{"Payload":"\u202e\u001b[2J"}')));
    expect(message).not.toMatch(/\p{C}/u);
  });

  test('every truncation of what is JSON', async () => {
    const text = JSON.stringify(json);
    for (let length = 1; length < text.length; length += 1) {
      expect((await caught(() => looseParts(withPart('bundle', text.slice(0, length))))).code).toMatch(/^BUNDLE_/);
    }
  });
});
