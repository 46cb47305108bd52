import { encodeBase64, failures, fromHex, parseSpki, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { keyFor } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { unprintable, withStrangeValues } from '../../test/edit-json.ts';
import { type Envelope, type EnvelopeSigner, jsonBytes, rawSignature, type SigningKey, signEnvelope } from '../../test/sign-envelope.ts';
import { referenceText } from '../reference-error.ts';
import { type VsaDemands, type VsaResult, type VsaSigner, verifyVsa } from './index.ts';
import { sshFingerprint } from './key-id.ts';

const OPTIONS = { crypto: nodeCrypto, now: new Date('2026-08-25T00:00:00Z') };

const SHA256 = 'aa'.repeat(32);
const STATEMENT = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [
    { name: 'app', digest: { sha256: SHA256 } },
    { name: 'other', digest: { sha256: 'bb'.repeat(32), gce_image_id: '123:4' } },
    { uri: 'https://example.com/tree', digest: { gitCommit: 'cc'.repeat(20) }, annotations: { sourceRefs: ['refs/heads/main', 'refs/tags/v1'] } },
  ],
  predicateType: 'https://slsa.dev/verification_summary/v1',
  predicate: {
    verifier: { id: 'https://example.com/verifier', version: { verifier: '1.0' } },
    timeVerified: '2026-08-24T12:00:00.5Z',
    resourceUri: 'pkg:generic/app@1.0',
    policy: { uri: 'https://example.com/policy', digest: { sha256: 'dd'.repeat(32) } },
    inputAttestations: [{ uri: 'https://example.com/provenance', digest: { sha256: 'ee'.repeat(32) } }],
    verificationResult: 'PASSED',
    verifiedLevels: ['SLSA_BUILD_LEVEL_2', 'ORG_CHECKED'],
    dependencyLevels: { SLSA_BUILD_LEVEL_1: 3 },
    slsaVersion: '1.2',
    'urn:extension': { anything: [1, null] },
  },
};
const DEMANDS: VsaDemands = {
  digests: [`sha256:${SHA256}`],
  verifierId: 'https://example.com/verifier',
  resourceUri: 'pkg:generic/app@1.0',
  levels: ['SLSA_BUILD_LEVEL_2', 'ORG_CHECKED'],
  rules: 'slsa-verifier',
};

const key = keyFor('vsa', 'p256');
const stranger = keyFor('stranger', 'p256');
const PAYLOAD = jsonBytes(STATEMENT);

const publicKey = (signing: SigningKey) => parseSpki(signing.spki);

interface Scene {
  readonly signers?: readonly EnvelopeSigner[];
  readonly statement?: unknown;
  readonly edit?: (envelope: Envelope) => unknown;
  readonly signer?: VsaSigner;
  readonly demands?: Partial<VsaDemands>;
}

function run({ signers = [{ key }], statement, edit, signer = { key: publicKey(key) }, demands }: Scene): Promise<VsaResult> {
  const envelope = signEnvelope(statement === undefined ? PAYLOAD : jsonBytes(statement), signers);
  return verifyVsa(jsonBytes(edit === undefined ? envelope : (edit(envelope) ?? envelope)), signer, { ...DEMANDS, ...demands }, OPTIONS);
}

/** What the reference would print; '' when accepted. */
async function textOf(scene: Scene): Promise<string> {
  const { ok, root, summary, payload } = await run(scene);
  expect([ok, summary !== undefined, payload !== undefined]).toEqual([root.status === 'pass', ok, ok]);
  const [first] = failures(root);
  return first === undefined ? '' : (referenceText(first) ?? `not the reference's: ${first.says}`);
}

const NOT_SIGNED = 'no valid signature: verifying envelope: accepted signatures do not match threshold, Found: 0, Expected 1';

describe('a summary is accepted', () => {
  test('with what was signed, byte for byte, and read', async () => {
    const { payload, summary } = await run({});
    expect(payload).toEqual(PAYLOAD);
    expect(summary?.predicate).toMatchObject({ resourceUri: 'pkg:generic/app@1.0', timeVerified: '2026-08-24T12:00:00.5Z', slsaVersion: '1.2' });
  });

  const kinds = ['p256', 'p384', 'p521', 'rsa2048', 'rsa3072', 'ed25519'] as const;
  const forms = kinds.flatMap((type) => (type.startsWith('p') ? [[type, 'der'] as const, [type, 'raw'] as const] : [[type, 'der'] as const]));
  test.each(forms.flatMap(([type, form]) => [[type, form, 'standard'] as const, [type, form, 'url'] as const]))(
    'signed with %s, %s, in the %s alphabet',
    async (type, form, alphabet) => {
      const signing = keyFor('vsa', type);
      for (let i = 0; i < 8; i++) expect(await textOf({ signers: [{ key: signing, form, alphabet }], signer: { key: publicKey(signing) } })).toBe('');
    },
  );

  test('with the key as a PEM file', async () => expect(await textOf({ signer: { key: utf8(key.publicPem) } })).toBe(''));
  test('of the older statement type', async () => expect(await textOf({ statement: { ...STATEMENT, _type: 'https://in-toto.io/Statement/v0.1' } })).toBe(''));
  test('with unknown members everywhere', async () => {
    const envelope = (made: Envelope) => ({ ...made, extra: 1, signatures: made.signatures.map((signature) => ({ ...signature, cert: 'x' })) });
    expect(await textOf({ statement: { ...STATEMENT, extra: [] }, edit: envelope })).toBe('');
  });
});

describe('key ids', async () => {
  const fingerprint = await sshFingerprint(publicKey(key), nodeCrypto);
  test.each<[name: string, named: string | undefined, given: string | undefined, accepted: boolean]>([
    ['the signature names nothing, nothing is given', undefined, undefined, true],
    ['the signature names nothing, anything is given', undefined, 'whatever', true],
    ['an empty name is none', '', 'whatever', true],
    ['the signature names the fingerprint, nothing is given', fingerprint, undefined, true],
    ['the signature names the fingerprint, an empty id is given', fingerprint, '', true],
    ['the signature names what is given', 'keystore://1', 'keystore://1', true],
    ['the signature names something, nothing is given', 'keystore://1', undefined, false],
    ['the signature names something, an empty id is given', 'keystore://1', '', false],
    ['the signature names another than what is given', 'keystore://1', 'keystore://2', false],
    ['the signature names the fingerprint, another is given', fingerprint, 'keystore://1', false],
  ])('%s', async (_, named, given, accepted) => {
    const signers = [{ key, ...(named !== undefined && { keyid: named }) }];
    expect(await textOf({ signers, signer: { key: publicKey(key), keyId: given } })).toBe(accepted ? '' : NOT_SIGNED);
  });

  test('the near miss is told', async () => {
    const [first] = failures((await run({ signers: [{ key, keyid: 'keystore://1' }] })).root);
    expect(first?.expected).toBe(`key id ${fingerprint}`);
    expect(first?.hint).toContain("--public-key-id 'keystore://1'");
  });
});

describe('several signatures', () => {
  test.each<[name: string, signers: EnvelopeSigner[], text: string]>([
    ['one of a stranger before', [{ key: stranger }, { key }], ''],
    ['one of a stranger behind', [{ key }, { key: stranger }], ''],
    ['one under another name before', [{ key, keyid: 'x' }, { key }], ''],
    ['of strangers alone', [{ key: stranger }, { key: stranger }], NOT_SIGNED],
    [
      'under other names alone',
      [
        { key, keyid: 'x' },
        { key, keyid: 'y' },
      ],
      NOT_SIGNED,
    ],
    ['none', [], 'no valid signature: verifying envelope: no signature found'],
  ])('%s', async (_, signers, text) => expect(await textOf({ signers })).toBe(text));

  test('one that is not base64 spoils the envelope', async () => {
    const edit = (envelope: Envelope) => void envelope.signatures.unshift({ sig: 'not base64' });
    expect(await textOf({ edit })).toContain('no valid signature: verifying envelope: ');
  });
});

describe('a signature is refused', () => {
  const sign = (sig: Uint8Array) => (envelope: Envelope) => void envelope.signatures.splice(0, 1, { sig: encodeBase64(sig) });
  const der = key.sign(utf8('another message'));
  test.each<[name: string, scene: Scene]>([
    ['P-384 with SHA-256', { signers: [{ key: keyFor('vsa', 'p384'), hash: 'sha256' }], signer: { key: publicKey(keyFor('vsa', 'p384')) } }],
    ['P-521 with SHA-256', { signers: [{ key: keyFor('vsa', 'p521'), hash: 'sha256' }], signer: { key: publicKey(keyFor('vsa', 'p521')) } }],
    ['P-256 with SHA-512', { signers: [{ key, hash: 'sha512' }] }],
    ['RSA with SHA-512', { signers: [{ key: keyFor('vsa', 'rsa2048'), hash: 'sha512' }], signer: { key: publicKey(keyFor('vsa', 'rsa2048')) } }],
    ['RSA-PSS', { signers: [{ key: keyFor('vsa', 'rsa-pss2048') }], signer: { key: publicKey(keyFor('vsa', 'rsa-pss2048')) } }],
    ['of another message, DER', { edit: sign(der) }],
    ['of another message, r‖s', { edit: sign(rawSignature(key, der)) }],
    ['r‖s of zeros', { edit: sign(new Uint8Array(64)) }],
    ['r‖s too short', { edit: sign(rawSignature(key, der).subarray(1)) }],
    ['r‖s of another curve', { edit: sign(new Uint8Array(96).fill(1)) }],
    ['r‖s beyond the order', { edit: sign(new Uint8Array(64).fill(0xff)) }],
    ['DER in BER clothes', { edit: sign(fromHex('308006010102010100000000')) }],
    ['nothing', { edit: sign(new Uint8Array(0)) }],
    ['over the bare payload', { signers: [{ key, over: 'payload' }] }],
    ['by another kind of key', { signers: [{ key: keyFor('vsa', 'ed25519') }] }],
  ])('%s', async (_, scene) => expect(await textOf(scene)).toBe(NOT_SIGNED));

  test('whichever byte of the payload is changed', async () => {
    const { payload, signatures } = signEnvelope(PAYLOAD, [{ key }]);
    for (let i = 0; i < PAYLOAD.length; i++) {
      const changed = Uint8Array.from(PAYLOAD);
      changed[i] = (PAYLOAD[i] as number) ^ (1 << (i % 8));
      const envelope = { payload: encodeBase64(changed), payloadType: 'application/vnd.in-toto+json', signatures };
      expect(envelope.payload).not.toBe(payload);
      const { ok } = await verifyVsa(jsonBytes(envelope), { key: publicKey(key) }, DEMANDS, OPTIONS);
      expect(ok, `byte ${i}`).toBe(false);
    }
  });

  test('whichever byte of it is changed, in either form', async () => {
    for (const form of ['der', 'raw'] as const) {
      const { signatures } = signEnvelope(PAYLOAD, [{ key, form }]);
      const signature = Buffer.from(signatures[0]?.sig ?? '', 'base64');
      for (let i = 0; i < signature.length; i++) {
        const changed = Uint8Array.from(signature);
        changed[i] = (signature[i] as number) ^ (1 << (i % 8));
        expect(await textOf({ edit: sign(changed) }), `${form}, byte ${i}`).toBe(NOT_SIGNED);
      }
    }
  });
});

describe('a key is refused', () => {
  test.each([
    ['nothing', ''],
    ['no PEM', 'key'],
    ['a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'],
    ['a broken block', '-----BEGIN PUBLIC KEY-----\nAAA\n-----END PUBLIC KEY-----\n'],
    ['a block without a key in it', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'],
  ])('%s', async (_, pem) => expect(await textOf({ signer: { key: utf8(pem) } })).toMatch(/^invalid public key: /));

  test('bytes that are no text', async () => expect(await textOf({ signer: { key: Uint8Array.of(0xff, 0xfe) } })).toMatch(/^invalid public key: /));
});

const predicate = (changes: object) => ({ statement: { ...STATEMENT, predicate: { ...STATEMENT.predicate, ...changes } } });

describe('in the order of the reference', () => {
  test.each<[name: string, scene: Scene, text: string]>([
    ['another payload type', { edit: (envelope) => ({ ...envelope, payloadType: 'text/plain' }) }, 'invalid DSSE envelope payload: '],
    ['a payload that is not base64', { edit: (envelope) => ({ ...envelope, payload: '%' }) }, 'no valid signature: verifying envelope: '],
    ['a foreign signature, before all that is demanded', { signers: [{ key: stranger }], demands: { digests: [] } }, NOT_SIGNED],
    ['another statement type', { statement: { ...STATEMENT, _type: 'https://in-toto.io/Statement/v2' } }, 'invalid DSSE envelope payload: '],
    ['another predicate type', { statement: { ...STATEMENT, predicateType: 'https://slsa.dev/provenance/v1' } }, 'invalid DSSE envelope payload: '],
    ['no digest demanded', { demands: { digests: [], verifierId: 'x' } }, 'empty value in required field: no subject digests provided'],
    ['no digest stated', { statement: { ...STATEMENT, subject: [{ name: 'app' }] } }, 'invalid DSSE envelope payload: no subject digests found in the VSA'],
    ['no subject', { statement: { ...STATEMENT, subject: null } }, 'invalid DSSE envelope payload: no subject digests found in the VSA'],
    [
      'a digest without a type',
      { demands: { digests: ['abc'] } },
      'invalid DSSE envelope payload: expected digest abc is not in the format <digest type>:<digest value>',
    ],
    ['a digest of another artifact', { demands: { digests: ['sha256:ff'] } }, 'missing subject digest: expected digest not found: sha256:ff'],
    ['a digest of another type', { demands: { digests: [`sha512:${SHA256}`] } }, `missing subject digest: expected digest not found: sha512:${SHA256}`],
    ['a digest in upper case', { demands: { digests: [`sha256:${SHA256.toUpperCase()}`] } }, 'missing subject digest: '],
    ['one of two digests', { demands: { digests: [`sha256:${SHA256}`, 'zeit:geist'] } }, 'missing subject digest: expected digest not found: zeit:geist'],
    ['no verifier', predicate({ verifier: {} }), 'empty value in required field: '],
    ['no predicate', { statement: { ...STATEMENT, predicate: null } }, 'empty value in required field: '],
    [
      'another verifier',
      { demands: { verifierId: 'https://example.com/v2' } },
      'verifier ID does not match: verifier ID mismatch: wanted https://example.com/v2, got https://example.com/verifier',
    ],
    ['an empty id of a verifier demanded', { demands: { verifierId: '' } }, 'verifier ID does not match: '],
    ['no resource', predicate({ resourceUri: null }), 'empty value in required field: '],
    [
      'another resource',
      { demands: { resourceUri: 'pkg:generic/app@2.0' } },
      'resource URI does not match: resource URI mismatch: wanted pkg:generic/app@2.0, got pkg:generic/app@1.0',
    ],
    ['another resource, before the result', { ...predicate({ verificationResult: 'FAILED' }), demands: { resourceUri: 'x' } }, 'resource URI does not match: '],
    ['a verification that failed', predicate({ verificationResult: 'FAILED' }), 'verificationResult is not PASSED: verification result is not Passed: FAILED'],
    ['no result', predicate({ verificationResult: '' }), 'verificationResult is not PASSED: '],
    ['a result in lower case', predicate({ verificationResult: 'passed' }), 'verificationResult is not PASSED: '],
    ['a level too low', { demands: { levels: ['SLSA_BUILD_LEVEL_3'] } }, 'verified levels do not match: expected SLSA level BUILD to be at least 3, got 2'],
    ['no levels stated', predicate({ verifiedLevels: null }), 'verified levels do not match: expected SLSA level not found: BUILD'],
    [
      'a level of SLSA 1.2 stated',
      predicate({ verifiedLevels: ['SLSA_BUILD_LEVEL_2', 'ORG_CHECKED', 'SLSA_BUILD_REPRODUCED'] }),
      'invalid SLSA level: SLSA_BUILD_REPRODUCED',
    ],
  ])('%s', async (_, scene, text) => expect((await textOf(scene)).slice(0, text.length)).toBe(text));

  test.each<[name: string, demands: Partial<VsaDemands>]>([
    ['a digest of every kind, of whichever subject', { digests: ['gce_image_id:123:4', `gitCommit:${'cc'.repeat(20)}`, `sha256:${SHA256}`] }],
    ['no levels', { levels: [] }],
    ['levels left out', { levels: undefined }],
    ['a lower level', { levels: ['SLSA_BUILD_LEVEL_0'] }],
  ])('accepts %s', async (_, demands) => expect(await textOf({ demands })).toBe(''));

  test('one run tells everything that is wrong', async () => {
    const { root } = await run({ demands: { digests: ['a:b'], verifierId: 'x', resourceUri: 'x', levels: ['SLSA_SOURCE_LEVEL_1'] } });
    expect(failures(root).map(({ code }) => code)).toEqual(['VSA_SUBJECT', 'VSA_VERIFIER', 'VSA_RESOURCE', 'VSA_LEVELS']);
  });
});

describe('by the rules of SLSA 1.2', () => {
  const levels = ['SLSA_BUILD_LEVEL_UNEVALUATED', 'SLSA_SOURCE_LEVEL_3', 'SLSA_SOURCE_TWO_PARTY_REVIEWED', 'SLSA_BUILD_REPRODUCED', 'SLSA_NEW_THING'];
  const run12 = (demands: Partial<VsaDemands>, changes: object = { verifiedLevels: levels }) =>
    run({ ...predicate(changes), demands: { levels: [], rules: 'slsa-1.2', ...demands } });

  test.each<[name: string, demands: Partial<VsaDemands>, ok: boolean]>([
    ['values that are no levels are there', {}, true],
    ['properties are demanded', { levels: ['SLSA_SOURCE_TWO_PARTY_REVIEWED', 'SLSA_BUILD_REPRODUCED', 'SLSA_SOURCE_LEVEL_2'] }, true],
    ['what was not evaluated is no level', { levels: ['SLSA_BUILD_LEVEL_0'] }, false],
    ['what was not evaluated can be demanded', { levels: ['SLSA_BUILD_LEVEL_UNEVALUATED'] }, true],
    ['a demand that is neither is a slip', { levels: ['SLSA_SOURCE_LEVEL_X'] }, false],
    ['a ref of the source', { digests: [`gitCommit:${'cc'.repeat(20)}`], sourceRef: 'refs/heads/main' }, true],
    ['another ref of the source', { digests: [`gitCommit:${'cc'.repeat(20)}`], sourceRef: 'refs/heads/dev' }, false],
    ['a ref by its short name', { digests: [`gitCommit:${'cc'.repeat(20)}`], sourceRef: 'main' }, false],
    ['a ref of another subject', { sourceRef: 'refs/heads/main' }, false],
  ])('%s', async (_, demands, ok) => expect((await run12(demands)).ok).toBe(ok));

  test('a slip is the fault of whoever demands', async () => {
    expect(failures((await run12({ levels: ['SLSA_SOURCE_LEVEL_X'] })).root)[0]?.code).toBe('VSA_DEMAND');
  });

  test('a summary that contradicts itself is refused', async () => {
    expect(failures((await run12({}, { verifiedLevels: ['FAILED'] })).root).map(({ code }) => code)).toEqual(['VSA_RESULT']);
  });
});

describe('hostile attestations', () => {
  const verify = (bytes: Uint8Array) => verifyVsa(bytes, { key: publicKey(key) }, DEMANDS, OPTIONS);
  const whole = JSON.stringify(signEnvelope(PAYLOAD, [{ key }]));

  test.each([
    ['nothing', ''],
    ['no JSON', 'hello'],
    ['two documents', `${whole}\n${whole}`],
    ['a list', `[${whole}]`],
    ['null', 'null'],
    ['a number', '1e5'],
    ['nesting without end', '['.repeat(100_000)],
    ['nesting in an unknown member', `{"x":${'['.repeat(100_000)}`],
    ['a repeated member', whole.replace('{', '{"payload":"",')],
    ['members that differ in letter case', whole.replace('{', '{"PAYLOAD":"",')],
    ['signatures that are a text', '{"payload":"","payloadType":"application/vnd.in-toto+json","signatures":"x"}'],
    ['more signatures than anybody makes', `{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[${'{},'.repeat(64)}{}]}`],
  ])('%s', async (_, text) => {
    const { ok, root } = await verify(utf8(text));
    expect(ok).toBe(false);
    expect(failures(root)[0]?.evidence?.['error']).toBe('ErrorInvalidDssePayload');
  });

  test('larger than the cap', async () => {
    expect((await verify(new Uint8Array(17 * 1024 * 1024).fill(0x20))).ok).toBe(false);
  });

  test('bytes that are no text', async () => expect((await verify(Uint8Array.of(0xff, 0xfe, 0x00))).ok).toBe(false));

  test('signed, with any value in the place of any other', async () => {
    const strange = [null, true, 5, -1.5, 1e300, 'text', '', [], [[]], {}, { a: {} }];
    for (const { variant, name } of withStrangeValues<unknown>(STATEMENT, strange)) {
      // Nothing is thrown, and what fails has a word of the reference.
      for (const check of failures((await run({ statement: variant })).root)) expect(check.evidence?.['error'], name).toBeDefined();
    }
  });

  test('control characters do not reach the terminal', async () => {
    const { root } = await run(predicate({ verifier: { id: '\u001b[2J' }, resourceUri: '\u202e', verifiedLevels: ['\u0007'] }));
    expect(unprintable(root)).toEqual([]);
  });
});
