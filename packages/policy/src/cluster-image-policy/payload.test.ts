import { encodeBase64, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { attestationPayload } from './index.ts';

const SUBJECT = [{ name: 'n', digest: { sha256: 'ab' } }];

function shaped(type: string, predicateType: string, predicate: unknown): unknown {
  const { json } = attestationPayload(type, { statement: utf8(JSON.stringify({ _type: 'T', predicateType, subject: SUBJECT, predicate })) });
  return json === undefined ? undefined : JSON.parse(json);
}

describe('fixed forms', () => {
  test('vuln drops what it does not know, fills in the rest, and loses _type', () => {
    const predicate = { invocation: { uri: 'u', foo: 1 }, scanner: { result: { a: 1 } }, metadata: { scanStartedOn: '2022-04-12T00:00:00.500+00:00' }, bar: 2 };
    expect(shaped('vuln', 'https://cosign.sigstore.dev/attestation/vuln/v1', predicate)).toEqual({
      subject: SUBJECT,
      predicateType: 'https://cosign.sigstore.dev/attestation/vuln/v1',
      predicate: {
        invocation: { parameters: null, uri: 'u', event_id: '', 'builder.id': '' },
        scanner: { uri: '', version: '', db: { uri: '', version: '' }, result: { a: 1 } },
        metadata: { scanStartedOn: '2022-04-12T00:00:00.5Z', scanFinishedOn: '0001-01-01T00:00:00Z' },
      },
    });
  });

  test('slsaprovenance is version 0.2', () => {
    const predicate = {
      builder: { id: 'b', x: 1 },
      buildType: 't',
      metadata: { buildInvocationId: 'i' },
      materials: [{ uri: 'm', digest: { sha1: 'c' }, y: 2 }],
    };
    expect(shaped('slsaprovenance', 'https://slsa.dev/provenance/v0.2', predicate)).toEqual({
      _type: 'T',
      subject: SUBJECT,
      predicateType: 'https://slsa.dev/provenance/v0.2',
      predicate: {
        builder: { id: 'b' },
        buildType: 't',
        invocation: { configSource: {} },
        metadata: { buildInvocationID: 'i', completeness: { parameters: false, environment: false, materials: false }, reproducible: false },
        materials: [{ uri: 'm', digest: { sha1: 'c' } }],
      },
    });
  });

  test('link has null for what is missing', () => {
    expect(shaped('link', 'https://in-toto.io/Link/v1', { name: 'build', command: ['make'], x: 1 })).toMatchObject({
      predicate: { _type: '', name: 'build', materials: null, products: null, byproducts: null, command: ['make'], environment: null },
    });
  });

  test('the URI of the same type changes nothing', () => {
    const predicate = { anything: 1 };
    expect(shaped('https://slsa.dev/provenance/v0.2', 'https://slsa.dev/provenance/v0.2', predicate)).toMatchObject({ predicate });
    expect(shaped('slsaprovenance02', 'https://slsa.dev/provenance/v0.2', predicate)).toMatchObject({ predicate });
  });
});

test('what keeps its form is written anew as Go writes it: sorted, numbers in 64 bits', () => {
  const statement = '{"_type":"T","predicate":{"n":9007199254740993,"m":1.0,"a":{"z":1e3,"y":[{"b":1,"a":2}]}},"subject":[],"predicateType":"t"}';
  const json = '{"_type":"T","predicateType":"t","subject":[],"predicate":{"a":{"y":[{"a":2,"b":1}],"z":1000},"m":1,"n":9007199254740992}}';
  expect(attestationPayload('t', { statement: utf8(statement) })).toEqual({ predicateType: 't', json });
});

test('a predicate may be text, as older tools wrote it', () => {
  expect(shaped('t', 't', 'hello')).toMatchObject({ predicate: 'hello' });
});

const REFUSED: readonly [name: string, type: string, payload: string, message: string][] = [
  ['no type', '', '{}', 'missing predicate type'],
  ['payload of another type', 'custom', '{"payload":{}}', 'invalid payload: payload field is not a string (got map[string]interface {})'],
  ['payload that is no base64', 'custom', '{"payload":"!"}', 'decoding payload: illegal base64 data'],
  ['payload given twice', 'custom', '{"payload":"e30=","payload":"e30="}', 'unmarshaling payload data'],
  ['no statement', 'custom', envelopeOf('x'), 'unmarshal in-toto statement: unexpected character at offset 0'],
  ['no predicate', 'custom', envelopeOf('{}'), 'unmarshal in-toto statement: could not parse statement, could not find predicate'],
  ['predicate of another type', 'custom', envelopeOf('{"predicate":[]}'), 'unmarshal in-toto statement: could not parse predicate with type []interface {}'],
  [
    'unknown member',
    'custom',
    envelopeOf('{"predicate":{},"x":1}'),
    'unmarshal in-toto statement: could not parse predicate with type map[string]interface {}',
  ],
  ['two predicates', 'custom', envelopeOf('{"predicate":{},"predicate":{"a":1}}'), 'unmarshal in-toto statement: duplicate member "predicate" at offset 16'],
  [
    'a time that is none',
    'vuln',
    envelopeOf('{"predicateType":"https://cosign.sigstore.dev/attestation/vuln/v1","predicate":{"metadata":{"scanStartedOn":"x"}}}'),
    'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse',
  ],
];

function envelopeOf(statement: string): string {
  return JSON.stringify({ payload: encodeBase64(utf8(statement)) });
}

describe('is refused', () => {
  test.for(REFUSED)('%s', ([, type, payload, message]) => expect(() => attestationPayload(type, { envelope: utf8(payload) })).toThrow(message));
});
