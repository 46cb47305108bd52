import type { Json, JsonObject } from '@assay/core';
import { toJson } from '@assay/slsa/github';
import { describe, expect, test } from 'vitest';
import { bundleInOrder, statementInOrder } from './proto-json.ts';

const bundle = (value: JsonObject): string => toJson(bundleInOrder(value));
const statement = (value: Json): string => toJson(statementInOrder(value));

describe('a bundle', () => {
  test('has the order of the schema, and none of its defaults', () =>
    expect(
      bundle({
        dsseEnvelope: { signatures: [{ keyid: '', sig: 'U0lH' }], payloadType: 'application/vnd.in-toto+json', payload: 'e30=' },
        verificationMaterial: {
          timestampVerificationData: { rfc3161Timestamps: [] },
          tlogEntries: [{ integratedTime: '0', logId: { keyId: 'a2V5' }, logIndex: '7', inclusionProof: { hashes: [], treeSize: '8', logIndex: '7' } }],
          certificate: { rawBytes: 'Y2VydA==' },
        },
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      }),
    ).toBe(
      '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{"certificate":{"rawBytes":"Y2VydA=="},"tlogEntries":[{"logIndex":"7",' +
        '"logId":{"keyId":"a2V5"},"inclusionProof":{"logIndex":"7","treeSize":"8"}}],"timestampVerificationData":{}},"dsseEnvelope":{"payload":"e30=",' +
        '"payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"U0lH"}]}}',
    ));

  test('keeps nothing that the schema does not have', () => expect(bundle({ mediaType: 'm', extra: 1, verificationMaterial: null })).toBe('{"mediaType":"m"}'));
  test('whose members are of other types stays what it is', () =>
    expect(bundle({ mediaType: 1, verificationMaterial: [], dsseEnvelope: 'x' })).toBe('{"mediaType":1,"dsseEnvelope":"x"}'));
});

describe('a statement', () => {
  test('has a predicate by its keys, however deep, and without HTML escapes', () =>
    expect(
      statement({
        predicate: { b: [{ d: 1, c: '<&>\u2028' }], a: { '😀': 1, '\uffff': 2 } },
        predicateType: 't',
        subject: [{ digest: { sha512: 'y', sha256: 'x' }, name: 'n' }],
        _type: 'https://in-toto.io/Statement/v1',
      }),
    ).toBe(
      '{"_type":"https://in-toto.io/Statement/v1","subject":[{"name":"n","digest":{"sha256":"x","sha512":"y"}}],"predicateType":"t",' +
        '"predicate":{"a":{"\uffff":2,"😀":1},"b":[{"c":"<&>\u2028","d":1}]}}',
    ));

  test('has the numbers of doubles, as the protobuf of Go', () =>
    expect(statement({ _type: 't', predicate: { n: 12345678901234567890n, m: 2n } })).toBe('{"_type":"t","predicate":{"m":2,"n":12345678901234567000}}'));
  test('keeps a member named __proto__', () =>
    expect(statement({ _type: 't', predicate: JSON.parse('{"__proto__":{"x":1}}') as Json })).toContain('__proto__'));
  test('that is none stays what it is', () => expect([statement(null), statement('x'), statement([1])]).toEqual(['null', '"x"', '[1]']));
});
