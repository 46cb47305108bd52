import { failures, parseSpki } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { keyFor } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../core/test/codes.ts';
import { jsonBytes, signEnvelope } from '../../test/sign-envelope.ts';
import { type VsaContent, type VsaSubject, verifyVsa } from './index.ts';
import { encodeVsa, vsaPredicate } from './make.ts';

const SHA256 = 'ab'.repeat(32);
const CONTENT: VsaContent = {
  verifierId: 'https://example.com/verifier',
  resourceUri: 'pkg:generic/app@1.0',
  policy: { uri: 'https://example.com/policy', digest: { sha256: SHA256 } },
  result: 'PASSED',
  levels: ['SLSA_BUILD_LEVEL_3', 'SLSA_SOURCE_LEVEL_4', 'SLSA_SOURCE_TWO_PARTY_REVIEWED', 'ORG_CHECKED'],
};

describe('a predicate', () => {
  test('with what is required alone', () => {
    expect(vsaPredicate({ ...CONTENT, policy: { uri: 'https://example.com/policy' } })).toEqual({
      verifier: { id: 'https://example.com/verifier' },
      resourceUri: 'pkg:generic/app@1.0',
      policy: { uri: 'https://example.com/policy' },
      verificationResult: 'PASSED',
      verifiedLevels: ['SLSA_BUILD_LEVEL_3', 'SLSA_SOURCE_LEVEL_4', 'SLSA_SOURCE_TWO_PARTY_REVIEWED', 'ORG_CHECKED'],
      slsaVersion: '1.2',
    });
  });

  test('with everything', () => {
    const predicate = vsaPredicate({
      ...CONTENT,
      verifierVersion: { assay: '0.1.0' },
      timeVerified: new Date('2026-08-25T12:34:56.789Z'),
      inputAttestations: [{ uri: 'https://example.com/provenance', digest: { sha256: SHA256 } }],
      dependencyLevels: { SLSA_BUILD_LEVEL_0: 12, SLSA_BUILD_LEVEL_UNEVALUATED: 1, FAILED: 0 },
    });
    expect(JSON.stringify(predicate)).toBe(
      `{"verifier":{"id":"https://example.com/verifier","version":{"assay":"0.1.0"}},"timeVerified":"2026-08-25T12:34:56.789Z",` +
        `"resourceUri":"pkg:generic/app@1.0","policy":{"uri":"https://example.com/policy","digest":{"sha256":"${SHA256}"}},` +
        `"inputAttestations":[{"uri":"https://example.com/provenance","digest":{"sha256":"${SHA256}"}}],"verificationResult":"PASSED",` +
        `"verifiedLevels":["SLSA_BUILD_LEVEL_3","SLSA_SOURCE_LEVEL_4","SLSA_SOURCE_TWO_PARTY_REVIEWED","ORG_CHECKED"],` +
        `"dependencyLevels":{"SLSA_BUILD_LEVEL_0":12,"SLSA_BUILD_LEVEL_UNEVALUATED":1,"FAILED":0},"slsaVersion":"1.2"}`,
    );
  });

  test.each([
    ['a verification that failed', { result: 'FAILED', levels: [] }],
    ['a verification that failed, and says so', { result: 'FAILED', levels: ['FAILED'] }],
  ] as const)('of %s has that for its level', (_, changes) => expect(vsaPredicate({ ...CONTENT, ...changes })['verifiedLevels']).toEqual(['FAILED']));

  test('no dependencies are another claim than none', () => {
    expect(vsaPredicate({ ...CONTENT, dependencyLevels: {} })).toHaveProperty('dependencyLevels', {});
    expect(vsaPredicate(CONTENT)).not.toHaveProperty('dependencyLevels');
  });

  test.each<string[]>([
    ['SLSA_BUILD_LEVEL_0'],
    ['SLSA_BUILD_LEVEL_UNEVALUATED'],
    ['SLSA_SOURCE_LEVEL_UNEVALUATED', 'SLSA_BUILD_LEVEL_1'],
    ['SLSA_BUILD_REPRODUCED'],
    ['ORG_SOURCE_REVIEWED', 'slsa-like'],
    ['SLSA_BUILD_LEVEL_3', 'BUILD'],
  ])('takes %j', (...levels) => expect(vsaPredicate({ ...CONTENT, levels })['verifiedLevels']).toEqual(levels));
});

describe('refused', () => {
  const digest = (value: Record<string, string>) => ({ inputAttestations: [{ uri: 'https://example.com', digest: value }] });
  test.each<[name: string, changes: Partial<VsaContent>]>([
    ['no verifier', { verifierId: '' }],
    ['a verifier that is no URI', { verifierId: 'verifier' }],
    ['a verifier with a space', { verifierId: 'https://example.com/a verifier' }],
    ['a verifier with a line end', { verifierId: 'https://example.com/\n' }],
    ['a version without text', { verifierVersion: { assay: '' } }],
    ['a version of nothing', { verifierVersion: { '': '1' } }],
    ['no resource', { resourceUri: '' }],
    ['a resource that is no URI', { resourceUri: 'github.com/o/r' }],
    ['no policy', { policy: { uri: '' } }],
    ['a policy without its digest', { policy: { uri: 'https://example.com', digest: {} } }],
    ['a time that is none', { timeVerified: new Date(Number.NaN) }],
    ['no level', { levels: [] }],
    ['an empty level', { levels: [''] }],
    ['a level with a space', { levels: ['two words'] }],
    ['a level with a control character', { levels: ['a\u0000'] }],
    ['a level that is too high', { levels: ['SLSA_BUILD_LEVEL_4'] }],
    ['a level of source that is too high', { levels: ['SLSA_SOURCE_LEVEL_5'] }],
    ['a negative level', { levels: ['SLSA_BUILD_LEVEL_-1'] }],
    ['a level with leading zeros', { levels: ['SLSA_BUILD_LEVEL_03'] }],
    ['a level with a sign', { levels: ['SLSA_BUILD_LEVEL_+3'] }],
    ['a track that does not exist', { levels: ['SLSA_BIULD_LEVEL_3'] }],
    ['a track in lower case', { levels: ['SLSA_build_LEVEL_3'] }],
    ['a value of its own that begins with SLSA_', { levels: ['SLSA_ORG_CHECKED'] }],
    ['two levels of one track', { levels: ['SLSA_BUILD_LEVEL_2', 'SLSA_BUILD_LEVEL_3'] }],
    ['a level of a track that was not evaluated', { levels: ['SLSA_BUILD_LEVEL_2', 'SLSA_BUILD_LEVEL_UNEVALUATED'] }],
    ['a property twice', { levels: ['ORG_CHECKED', 'ORG_CHECKED'] }],
    ['a failure that passed', { levels: ['FAILED'] }],
    ['levels of a failure', { result: 'FAILED', levels: ['SLSA_BUILD_LEVEL_1'] }],
    ['an attestation without a name', { inputAttestations: [{ uri: '', digest: { sha256: SHA256 } }] }],
    ['an attestation without a digest', digest({})],
    ['a digest in upper case', digest({ sha256: SHA256.toUpperCase() })],
    ['a digest too short', digest({ sha256: 'ab' })],
    ['a digest of no algorithm', digest({ '': 'ab' })],
    ['a digest that is empty', digest({ gitCommit: '' })],
    ['a count of half a dependency', { dependencyLevels: { SLSA_BUILD_LEVEL_1: 0.5 } }],
    ['a negative count', { dependencyLevels: { SLSA_BUILD_LEVEL_1: -1 } }],
    ['dependencies of a level that is none', { dependencyLevels: { SLSA_BUILD_LEVEL_9: 1 } }],
  ])('%s', (_, changes) => expect(codeOf(() => vsaPredicate({ ...CONTENT, ...changes }))).toBe('VSA_DEMAND'));

  test.each<[name: string, subjects: VsaSubject[]]>([
    ['no subject', []],
    ['a subject without a digest', [{ name: 'app', digest: {} }]],
    ['a subject with half a digest', [{ digest: { sha256: SHA256 } }, { digest: { sha256: 'ab' } }]],
  ])('%s', (_, subjects) => expect(codeOf(() => encodeVsa(subjects, CONTENT))).toBe('VSA_DEMAND'));
});

describe('what is made and signed', () => {
  const key = keyFor('vsa maker', 'p256');
  const verify = async (subjects: VsaSubject[], content: VsaContent, rules: 'slsa-verifier' | 'slsa-1.2', digest = `sha256:${SHA256}`) => {
    const { root } = await verifyVsa(
      jsonBytes(signEnvelope(encodeVsa(subjects, content), [{ key }])),
      { key: parseSpki(key.spki) },
      { digests: [digest], verifierId: content.verifierId, resourceUri: content.resourceUri, rules },
      { crypto: nodeCrypto, now: new Date('2026-08-25T00:00:00Z') },
    );
    return failures(root).map(({ code }) => code);
  };
  const subjects = [{ name: 'app', digest: { sha256: SHA256 } }];

  test('verifies', async () => {
    expect(await verify(subjects, CONTENT, 'slsa-1.2')).toEqual([]);
    expect(await verify(subjects, { ...CONTENT, levels: ['SLSA_BUILD_LEVEL_3'] }, 'slsa-verifier')).toEqual([]);
  });

  test('verifies as a summary of source', async () => {
    const source = [{ digest: { gitCommit: 'cd'.repeat(20) }, annotations: { sourceRefs: ['refs/heads/main'] } }];
    const content = { ...CONTENT, resourceUri: 'git+https://example.com/o/r' };
    expect(await verify(source, content, 'slsa-1.2', `gitCommit:${'cd'.repeat(20)}`)).toEqual([]);
  });

  test('is refused when it says that the verification failed', async () => {
    expect(await verify(subjects, { ...CONTENT, result: 'FAILED', levels: [] }, 'slsa-1.2')).toEqual(['VSA_RESULT']);
  });
});
