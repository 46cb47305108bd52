import { createInstance, drop, type Edit, put } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../test/codes.ts';
import { UNPRINTABLE } from '../test/facts.ts';
import { bytesOf, vectors } from '../test/vectors.ts';
import { utf8 } from './bytes.ts';
import { parseTrustedRoot, type TrustedRoot } from './trusted-root.ts';

const ROOT: unknown = createInstance().trustedRoot();
const parse = (...edits: readonly Edit[]): TrustedRoot => parseTrustedRoot(utf8(JSON.stringify(edits.reduce((document, edit) => edit(document), ROOT))));
const code = (...edits: readonly Edit[]) => codeOf(() => parse(...edits));

test('a root is read to the last field', () => {
  const root = parse();
  expect([root.logs.length, root.ctLogs.length, root.certificateAuthorities.length, root.timestampAuthorities.length, root.warnings]).toEqual([2, 1, 1, 1, []]);
  expect(root.logs.map(({ baseUrl, scheme, window }) => [baseUrl, scheme.name, window.end])).toEqual([
    ['https://rekor.testkit.example', 'ecdsa', undefined],
    ['https://log2026-1.testkit.example', 'ed25519', undefined],
  ]);
  expect(root.certificateAuthorities[0]).toMatchObject({
    name: 'testkit (testkit.example)',
    uri: 'https://fulcio.testkit.example',
    operator: 'https://fulcio.testkit.example',
  });
});

test.skipIf(vectors.length === 0)('every root of the vectors but one is accepted', () => {
  const roots = new Map(vectors.map(({ name, trustedRoot }) => [trustedRoot, name]));
  const refused = [...roots].filter(([root]) => codeOf(() => parseTrustedRoot(bytesOf(root))) !== 'accepted').map(([, name]) => name);
  expect(refused).toEqual(['trust-root-tlog-missing-validity-start_fail']);
});

describe('accepts', () => {
  test.each<[string, Edit]>([
    ['the newer media type', put('mediaType', 'application/vnd.dev.sigstore.trustedroot.v0.2+json')],
    ['enum numbers', put('tlogs.0.hashAlgorithm', 1)],
    ['a key type by number', put('tlogs.0.publicKey.keyDetails', 5)],
    ['unknown members', put('witnesses', [{ any: 'thing' }])],
    ['null for an absent end', put('tlogs.0.publicKey.validFor.end', null)],
    ['no CT logs', drop('ctlogs')],
    ['nanoseconds', put('tlogs.0.publicKey.validFor.start', '2025-01-01T00:00:00.123456789Z')],
    ['an empty window of one instant', put('tlogs.0.publicKey.validFor', { start: '2025-01-01T00:00:00Z', end: '2025-01-01T00:00:00Z' })],
  ])('%s', (_, edit) => {
    expect(code(edit)).toBe('accepted');
  });
});

describe('windows', () => {
  test('are never narrower than written: a start is cut, an end is rounded up', () => {
    const [log] = parse(put('tlogs.0.publicKey.validFor', { start: '2025-01-01T00:00:00.0009Z', end: '2026-01-01T00:00:00.0001Z' })).logs;
    expect([log?.window.start.toISOString(), log?.window.end?.toISOString()]).toEqual(['2025-01-01T00:00:00.000Z', '2026-01-01T00:00:00.001Z']);
  });

  test.each<[string, Edit]>([
    ['without a start', put('tlogs.0.publicKey.validFor', {})],
    ['with a null start', put('ctlogs.0.publicKey.validFor.start', null)],
    ['that are absent', drop('certificateAuthorities.0.validFor')],
    ['that end before they start', put('timestampAuthorities.0.validFor', { start: '2026-01-01T00:00:00Z', end: '2025-01-01T00:00:00Z' })],
  ])('%s make the whole root malformed', (_, edit) => {
    expect(code(edit)).toBe('TRUST_ROOT_VALIDITY');
  });
});

describe('an entry that cannot be used is left out, with a warning, and poisons nothing', () => {
  test.each<[string, Edit]>([
    ['a refused key type', put('tlogs.0.publicKey.keyDetails', 'LMS_SHA256')],
    ['a refused key type by number', put('tlogs.0.publicKey.keyDetails', 22)],
  ])('%s', (_, edit) => {
    const root = parse(edit);
    expect([root.logs.length, root.warnings.length]).toEqual([1, 1]);
    expect(root.warnings[0]).toContain('tlogs[0] is left out');
  });
});

describe('refuses', () => {
  test.each<[string, Edit, string]>([
    ['another hash algorithm', put('tlogs.0.hashAlgorithm', 'SHA2_512'), 'TRUST_ROOT_SHAPE'],
    ['hash algorithm 0', put('tlogs.0.hashAlgorithm', 0), 'TRUST_ROOT_PARSE'],
    ['an unknown key type', put('tlogs.0.publicKey.keyDetails', 'PKIX_NEW'), 'TRUST_ROOT_SHAPE'],
    ['a key type named like a member of Object', put('tlogs.0.publicKey.keyDetails', 'constructor'), 'TRUST_ROOT_SHAPE'],
    ['a log without key', drop('tlogs.1.publicKey'), 'TRUST_ROOT_SHAPE'],
    ['an empty log id', put('tlogs.0.logId.keyId', ''), 'TRUST_ROOT_SHAPE'],
    ['an authority without certificates', put('certificateAuthorities.0.certChain.certificates', []), 'TRUST_ROOT_SHAPE'],
    ['an authority certificate that is none', put('timestampAuthorities.0.certChain.certificates.0.rawBytes', 'AAAA'), 'TRUST_ROOT_SHAPE'],
    [
      '17 certificates in a chain',
      put(
        'certificateAuthorities.0.certChain.certificates',
        Array.from({ length: 17 }, () => ({ rawBytes: 'AAAA' })),
      ),
      'TRUST_ROOT_SHAPE',
    ],
    ['a media type of another document', put('mediaType', 'application/json'), 'TRUST_ROOT_VERSION'],
    ['a media type with other case', put('mediaType', 'application/vnd.dev.sigstore.trustedRoot+json;version=0.1'), 'TRUST_ROOT_VERSION'],
    ['no media type', drop('mediaType'), 'TRUST_ROOT_SHAPE'],
  ])('%s', (_, edit, expected) => {
    expect(code(edit)).toBe(expected);
  });

  test('a document above the cap, before parsing it', () => {
    expect(codeOf(() => parseTrustedRoot(new Uint8Array(8 * 1024 * 1024 + 1)))).toBe('TRUST_ROOT_PARSE');
  });

  test('and names what it found, escaped', () => {
    const hostile = 'x\n\u001b[2J';
    for (const edit of [put('mediaType', hostile), put('tlogs.0.hashAlgorithm', hostile), put('tlogs.0.publicKey.keyDetails', hostile)]) {
      try {
        parse(edit);
        throw new Error('accepted');
      } catch (error) {
        const { message, found } = error as { message: string; found?: string };
        expect(message + (found ?? '')).not.toMatch(UNPRINTABLE);
      }
    }
  });
});
