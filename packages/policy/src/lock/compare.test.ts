/** What was locked and what is found: which differences pass, which do not, and how each is told. */
import { type Check, failures, warnings } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { type ComparedFacts, compareWithLock } from './compare.ts';
import { entryOf } from './entry.ts';
import type { LockFacts } from './facts.ts';
import { EVIDENCE_LEVELS, type EvidenceLevel } from './level.ts';
import type { AllowedFacts, LockEntry, LockException } from './lock.ts';

const WORKFLOW = 'https://github.com/owner/app/.github/workflows/release.yml';
const ISSUER = 'https://token.actions.githubusercontent.com';
const SOURCE = 'https://github.com/owner/app';
const DIGEST = `sha256:${'a'.repeat(64)}`;
const NOW = new Date('2026-06-01T00:00:00Z');
const NAME = 'ghcr.io/owner/app';
const FACTS: LockFacts = {
  issuer: ISSUER,
  identity: `${WORKFLOW}@refs/tags/v1.2.3`,
  source: SOURCE,
  ref: 'refs/tags/v1.2.3',
  commit: 'c'.repeat(40),
  builder: `${WORKFLOW}@refs/tags/v1.2.3`,
  level: 'build-l2',
  kind: 'provenance',
};
const ENTRY = entryOf([FACTS, { ...FACTS, kind: 'sbom' }], { reference: `${NAME}:1.2.3`, digest: DIGEST }) as LockEntry;
const KEY = `sha256:${'1'.repeat(64)}`;
const BY_KEY: LockFacts = { key: KEY, level: 'recorded', kind: 'signature' };

function compared(
  facts: Partial<ComparedFacts>,
  { entry = ENTRY, exceptions = [], now = NOW }: { entry?: LockEntry; exceptions?: readonly LockException[]; now?: Date } = {},
): Check {
  const locked = { name: NAME, version: undefined, entry };
  const found = { sbom: true, ...FACTS, ...facts };
  return compareWithLock({ artifacts: new Map([[NAME, entry]]), exceptions }, { name: NAME, digest: DIGEST, version: '1.2.3', locked }, found, now);
}

const codes = (check: Check): string[] => failures(check).map(({ id, code }) => `${id} ${code}`);

describe('later evidence', () => {
  test.each<[string, Partial<ComparedFacts>, readonly string[]]>([
    ['the same', {}, []],
    ['at another tag', { identity: `${WORKFLOW}@refs/tags/v2`, builder: `${WORKFLOW}@refs/tags/v2`, commit: 'd'.repeat(40) }, []],
    ['stronger', { level: 'build-l3' }, []],
    ['by somebody else', { identity: 'alice@example.org' }, ['lock.signer LOCK_SIGNER']],
    ['by a key', { issuer: undefined, identity: undefined, key: KEY }, ['lock.signer LOCK_SIGNER', 'lock.issuer LOCK_ISSUER']],
    ['by nobody', { issuer: undefined, identity: undefined }, ['lock.signer LOCK_SIGNER', 'lock.issuer LOCK_ISSUER']],
    ['at a branch', { identity: `${WORKFLOW}@refs/heads/main` }, ['lock.signer LOCK_SIGNER']],
    ['of another issuer', { issuer: 'https://issuer.example' }, ['lock.issuer LOCK_ISSUER']],
    ['of another repository', { source: 'https://github.com/fork/app' }, ['lock.source LOCK_SOURCE']],
    ['of no repository', { source: undefined }, ['lock.source LOCK_SOURCE']],
    ['that is an SBOM', { kind: 'sbom', builder: undefined, level: 'recorded' }, ['lock.builder LOCK_BUILDER', 'lock.level LOCK_WEAKER']],
    ['that is the result of a scan', { kind: 'statement' }, ['lock.level LOCK_WEAKER']],
    ['from a branch', { ref: 'refs/heads/main' }, ['lock.ref LOCK_SOURCE']],
    ['from no ref', { ref: undefined }, ['lock.ref LOCK_SOURCE']],
    ['by another builder', { builder: 'https://github.com/other/ci/.github/workflows/x.yml@refs/tags/v1' }, ['lock.builder LOCK_BUILDER']],
    ['without a builder', { builder: undefined, level: 'recorded' }, ['lock.builder LOCK_BUILDER', 'lock.level LOCK_WEAKER']],
    ['weaker', { level: 'build-l1' }, ['lock.level LOCK_WEAKER']],
    ['without an SBOM', { sbom: false }, ['lock.sbom LOCK_WEAKER']],
    ['with an SBOM that nobody has looked for yet', { sbom: undefined }, []],
    [
      'all of it',
      { issuer: 'x', identity: 'y', source: 'z', builder: 'w', level: 'signed', sbom: false },
      [
        'lock.signer LOCK_SIGNER',
        'lock.issuer LOCK_ISSUER',
        'lock.source LOCK_SOURCE',
        'lock.builder LOCK_BUILDER',
        'lock.level LOCK_WEAKER',
        'lock.sbom LOCK_WEAKER',
      ],
    ],
  ])('%s', (_, facts, expected) => {
    const check = compared(facts);
    expect(codes(check)).toEqual(expected);
    expect(check.status).toBe(expected.length === 0 ? 'pass' : 'fail');
    for (const failure of failures(check)) expect(failure).toMatchObject({ expected: expect.stringMatching(/./), found: expect.stringMatching(/./) });
    expect(warnings(check)).toEqual([]);
  });

  test('of a thing that is not in the lock', () => {
    const check = compareWithLock({ artifacts: new Map(), exceptions: [] }, { name: NAME, digest: DIGEST, version: undefined, locked: undefined }, FACTS, NOW);
    expect(codes(check)).toEqual(['lock.entry LOCK_UNKNOWN']);
    expect(failures(check)[0]?.hint).toContain(`assay lock add ${NAME}`);
  });

  test('at every pair of levels: only less is refused', () => {
    const rank = (level: EvidenceLevel) => EVIDENCE_LEVELS.indexOf(level);
    for (const evidence of EVIDENCE_LEVELS) {
      for (const level of EVIDENCE_LEVELS) {
        const status = compared({ level }, { entry: { ...ENTRY, builder: undefined, evidence } }).status;
        expect([evidence, level, status]).toEqual([evidence, level, rank(level) >= rank(evidence) ? 'pass' : 'fail']);
      }
    }
  });

  test('that is stronger says how to keep it', () => {
    const level = compared({ level: 'build-l3' }).checks?.find(({ id }) => id === 'lock.level');
    expect(level?.says).toContain('assay lock add --update');
  });

  test('by the key, and by another', () => {
    const entry = entryOf([BY_KEY], { reference: NAME, digest: DIGEST }) as LockEntry;
    expect(compareKey(KEY, entry).status).toBe('pass');
    expect(codes(compareKey(`sha256:${'2'.repeat(64)}`, entry))).toEqual(['lock.signer LOCK_SIGNER']);
    expect(codes(compared({ level: 'recorded', sbom: undefined }, { entry }))).toEqual(['lock.signer LOCK_SIGNER']);
  });

  const compareKey = (key: string, entry: LockEntry): Check =>
    compared({ issuer: undefined, identity: undefined, source: undefined, builder: undefined, key, level: 'recorded' }, { entry });
});

describe('an exception', () => {
  const exception = (allows: AllowedFacts, more: Partial<LockException> = {}): LockException => ({
    artifact: NAME,
    allows,
    until: '2026-12-31',
    reason: 'because',
    ...more,
  });
  const SIGNATURE: Partial<ComparedFacts> = { builder: undefined, level: 'recorded' };

  test.each<[string, Partial<ComparedFacts>, readonly LockException[], boolean]>([
    ['allows less evidence, which names no builder', SIGNATURE, [exception({ evidence: 'recorded' })], true],
    ['allows no less than it says', { ...SIGNATURE, level: 'signed' }, [exception({ evidence: 'recorded' })], false],
    ['allows another signer', { identity: 'alice@example.org' }, [exception({ identity: 'alice@example.org' })], true],
    [
      'of its own issuer',
      { identity: 'alice@example.org', issuer: 'https://login.example' },
      [exception({ identity: 'alice@example.org', issuer: 'https://login.example' })],
      true,
    ],
    ['and of no other', { identity: 'alice@example.org', issuer: 'https://login.example' }, [exception({ identity: 'alice@example.org' })], false],
    [
      'allows a key, and nothing about a repository',
      { ...BY_KEY, issuer: undefined, identity: undefined, source: undefined, ref: undefined, builder: undefined },
      [exception({ key: KEY, source: null, ref: null, evidence: 'recorded' })],
      true,
    ],
    [
      'allows a key, of the same repository',
      { ...BY_KEY, issuer: undefined, identity: undefined, source: undefined, ref: undefined, builder: undefined },
      [exception({ key: KEY, evidence: 'recorded' })],
      false,
    ],
    ['allows another builder', { builder: 'x@refs/tags/v1' }, [exception({ builder: 'x@refs/tags/*' })], true],
    ['allows none', { builder: undefined }, [exception({ builder: null })], true],
    ['allows another repository', { source: 'https://github.com/new/app' }, [exception({ source: 'https://github.com/new/app' })], true],
    ['allows another issuer', { issuer: 'https://login.example' }, [exception({ issuer: 'https://login.example' })], true],
    ['allows no SBOM', { sbom: false }, [exception({ sbom: false })], true],
    ['does not add up with another', { ...SIGNATURE, sbom: false }, [exception({ evidence: 'recorded' }), exception({ sbom: false })], false],
    ['says all that it allows', { ...SIGNATURE, sbom: false }, [exception({ evidence: 'recorded', sbom: false })], true],
    ['of another artifact', SIGNATURE, [exception({ evidence: 'recorded' }, { artifact: 'ghcr.io/owner/other' })], false],
    ['of this digest', SIGNATURE, [exception({ evidence: 'recorded' }, { digest: DIGEST })], true],
    ['of another digest', SIGNATURE, [exception({ evidence: 'recorded' }, { digest: `sha256:${'b'.repeat(64)}` })], false],
    ['of this version', SIGNATURE, [exception({ evidence: 'recorded' }, { version: '1.2.3' })], true],
    ['of another version', SIGNATURE, [exception({ evidence: 'recorded' }, { version: '1.2.4' })], false],
    ['that has expired', SIGNATURE, [exception({ evidence: 'recorded' }, { until: '2026-05-31' })], false],
    ['on its last day', SIGNATURE, [exception({ evidence: 'recorded' }, { until: '2026-06-01' })], true],
    ['at the moment when it ends', SIGNATURE, [exception({ evidence: 'recorded' }, { until: '2026-06-01T00:00:00Z' })], false],
    ['with a date that nobody can read', SIGNATURE, [exception({ evidence: 'recorded' }, { until: 'some day' })], false],
  ])('%s', (_, facts, exceptions, passes) => {
    const check = compared(facts, { exceptions });
    expect(check.status).toBe(passes ? 'pass' : 'fail');
    expect(warnings(check).map(({ id }) => id)).toEqual(passes ? ['lock.exception'] : []);
  });

  test('is named with its date and its reason when it was needed, and only then', () => {
    const exceptions = [exception({ evidence: 'recorded' })];
    expect(warnings(compared(SIGNATURE, { exceptions }))[0]?.warning).toBe('an exception until 2026-12-31 allows it: evidence recorded (because)');
    expect(warnings(compared({}, { exceptions }))).toEqual([]);
  });

  test('that has expired is told of, with its day, by the check that it let pass', () => {
    const check = compared(SIGNATURE, { exceptions: [exception({ evidence: 'recorded' }, { until: '2026-05-31' })] });
    expect(failures(check).map(({ hint }) => hint)).toEqual([
      expect.stringContaining('has expired on 2026-05-31'),
      expect.stringContaining('has expired on 2026-05-31'),
    ]);
    expect(check.checks?.find(({ id }) => id === 'lock.exception')).toMatchObject({
      status: 'skip',
      optional: true,
      says: expect.stringContaining('2026-05-31'),
    });
  });
});

describe('the first time', () => {
  const first = { reference: NAME, digest: DIGEST };
  const signature: LockFacts = { ...FACTS, kind: 'signature', level: 'recorded', builder: undefined };
  const stranger: LockFacts = {
    ...FACTS,
    identity: 'https://github.com/fork/app/.github/workflows/release.yml@refs/tags/v1',
    source: 'https://github.com/fork/app',
  };

  test.each<[string, readonly LockFacts[], Partial<LockEntry>]>([
    ['the strongest of one signer', [signature, FACTS], { evidence: 'build-l2', sbom: false }],
    ['of two workflows of one commit', [{ ...signature, identity: `${WORKFLOW}2@refs/tags/v1.2.3` }, FACTS], { identity: `${WORKFLOW}@refs/tags/*` }],
    ['an SBOM by the same signer', [FACTS, { ...FACTS, kind: 'sbom', level: 'recorded', builder: undefined }], { sbom: true, evidence: 'build-l2' }],
    ['no SBOM by somebody else', [FACTS, { ...stranger, kind: 'sbom' }], { sbom: false }],
    ['not what a scanner says', [signature, { ...stranger, kind: 'statement' }], { evidence: 'recorded', source: SOURCE }],
    ['a key', [BY_KEY], { key: KEY, evidence: 'recorded' }],
  ])('keeps %s', (_, seen, expected) => {
    for (const order of [seen, seen.toReversed()]) expect(entryOf(order, first)).toMatchObject(expected);
  });

  test('keeps nothing of nothing, and nobody of two', () => {
    expect(entryOf([], first)).toBeUndefined();
    expect(
      entryOf(
        [
          { ...signature, kind: 'sbom' },
          { ...signature, kind: 'statement' },
        ],
        first,
      ),
    ).toBeUndefined();
    for (const other of [stranger, BY_KEY]) expect(() => entryOf([FACTS, other], first)).toThrow(/2 who have nothing to do with each other/);
  });

  test('keeps whom the lock has already, with all that is theirs', () => {
    const isKnown = ({ kind, identity }: LockFacts) => kind === 'signature' && identity === signature.identity;
    const better: LockFacts = { ...FACTS, identity: 'https://github.com/slsa/gen/.github/workflows/g.yml@refs/tags/v2', level: 'build-l3' };
    expect(entryOf([stranger, signature, better], first, isKnown)).toMatchObject({ evidence: 'build-l3', source: SOURCE });
  });
});
