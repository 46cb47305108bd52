/** A lock as text: what is read, what is refused with its place, and that writing is the same bytes each time. */
import { readFileSync } from 'node:fs';
import { isTrustError } from '@assay/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findArtifact } from './artifact-name.ts';
import { encodeLock } from './encode.ts';
import { EVIDENCE_LEVELS } from './level.ts';
import type { AllowedFacts, Lock, LockEntry } from './lock.ts';
import { MAX_LOCK_BYTES, parseLock } from './parse.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const ENTRY = { issuer: 'https://issuer.example', identity: 'alice@example.org', evidence: 'recorded' } as const;
const EXCEPTION = { artifact: 'app', allows: { evidence: 'signed' }, until: '2030-12-31', reason: 'why' };
const text = (artifacts: object, exceptions?: readonly object[]): string => JSON.stringify({ version: 1, artifacts, ...(exceptions && { exceptions }) });

describe('is refused, with its place', () => {
  test.each<[string, string | Uint8Array, string]>([
    ['nothing', '', 'the file is empty'],
    ['what is not JSON', '<<<<<<< HEAD', 'not valid JSON'],
    ['a comment', '{"version":1, // x\n"artifacts":{}}', 'not valid JSON'],
    ['what is not UTF-8', Uint8Array.of(0xff), 'not valid UTF-8'],
    ['a list', '[]', 'an object was expected, found an array'],
    ['another version', '{"version":2,"artifacts":{}}', 'version: 1 was expected, found 2'],
    ['the version as a text', '{"version":"1","artifacts":{}}', 'version: 1 was expected, found "1"'],
    ['no version', '{"artifacts":{}}', 'version: 1 was expected, found nothing'],
    ['no artifacts', '{"version":1}', 'artifacts: is missing'],
    ['an unknown key', '{"version":1,"artifact":{}}', 'artifact: unknown; did you mean artifacts?'],
    ['an artifact twice', '{"version":1,"artifacts":{"app":{},"app":{}}}', 'duplicate member "app"'],
    ['an artifact that is none', text({ app: null }), 'artifacts["app"]: an object was expected, found null'],
    ['an unknown property', text({ app: { ...ENTRY, identiy: 'x' } }), 'artifacts["app"].identiy: unknown; did you mean identity?'],
    ['nobody', text({ app: { evidence: 'signed' } }), 'artifacts["app"]: it is not said who must have signed'],
    ['an identity without issuer', text({ app: { ...ENTRY, issuer: undefined } }), 'artifacts["app"].issuer: is missing'],
    ['an issuer without identity', text({ app: { ...ENTRY, identity: undefined } }), 'artifacts["app"]: it is not said who must have signed'],
    ['both', text({ app: { ...ENTRY, key: DIGEST } }), 'artifacts["app"]: an identity and a key exclude each other'],
    ['a key that is no fingerprint', text({ app: { key: 'cosign.pub', evidence: 'signed' } }), 'artifacts["app"].key: sha256:'],
    ['an empty identity', text({ app: { ...ENTRY, identity: '' } }), 'artifacts["app"].identity: a text was expected, found ""'],
    [
      'a * that stands for nothing',
      text({ app: { ...ENTRY, identity: 'https://github.com/*@refs/tags/*' } }),
      'artifacts["app"].identity: a * stands for a tag',
    ],
    ['a * for branches', text({ app: { ...ENTRY, builder: 'x@refs/heads/*' } }), 'artifacts["app"].builder: a * stands for a tag'],
    ['a ref that is a name', text({ app: { ...ENTRY, ref: 'main' } }), 'artifacts["app"].ref: refs/tags/* or a ref in full'],
    ['no level', text({ app: { ...ENTRY, evidence: undefined } }), 'artifacts["app"].evidence: is missing'],
    ['a level that is none', text({ app: { ...ENTRY, evidence: 'build-l4' } }), 'artifacts["app"].evidence: signed, recorded, build-l1'],
    ['an SBOM that is a text', text({ app: { ...ENTRY, sbom: 'true' } }), 'artifacts["app"].sbom: true or false was expected, found "true"'],
    ['first seen without a digest', text({ app: { ...ENTRY, firstSeen: { reference: 'app' } } }), 'artifacts["app"].firstSeen.digest: is missing'],
    ['every file', text({ '*': ENTRY }), 'artifacts["*"]: not a name: every file would be this artifact'],
    ['an image with a tag', text({ 'ghcr.io/o/app:1': ENTRY }), 'artifacts["ghcr.io/o/app:1"]: neither'],
    ['images with a *', text({ 'ghcr.io/o/*': ENTRY }), 'artifacts["ghcr.io/o/*"]: neither'],
    ['an image by its other name', text({ 'docker.io/library/nginx': ENTRY }), 'are called index.docker.io/library/nginx'],
    ['exceptions that are no list', '{"version":1,"artifacts":{},"exceptions":{}}', 'exceptions: a list was expected'],
    [
      'an exception of nothing in the lock',
      text({ app: ENTRY }, [{ ...EXCEPTION, artifact: 'ap' }]),
      'exceptions[0].artifact: the lock has no artifact ap; did you mean app?',
    ],
    ['an exception without a reason', text({ app: ENTRY }, [{ ...EXCEPTION, reason: undefined }]), 'exceptions[0].reason: is missing'],
    ['an exception without a date', text({ app: ENTRY }, [{ ...EXCEPTION, until: undefined }]), 'exceptions[0].until: is missing'],
    ['an exception until a day that is none', text({ app: ENTRY }, [{ ...EXCEPTION, until: '2030-02-30' }]), 'exceptions[0].until: not a date'],
    ['an exception for ever', text({ app: ENTRY }, [{ ...EXCEPTION, until: 'never' }]), 'exceptions[0].until: not a date'],
    ['an exception that allows nothing', text({ app: ENTRY }, [{ ...EXCEPTION, allows: {} }]), 'exceptions[0].allows: nothing is allowed'],
    ['an exception that demands', text({ app: ENTRY }, [{ ...EXCEPTION, allows: { sbom: true } }]), 'exceptions[0].allows.sbom: an exception allows less'],
    ['an exception that allows what is unknown', text({ app: ENTRY }, [{ ...EXCEPTION, allows: { signer: 'x' } }]), 'exceptions[0].allows.signer: unknown'],
    ['an exception of a digest that is none', text({ app: ENTRY }, [{ ...EXCEPTION, digest: 'sha256:abc' }]), 'exceptions[0].digest: a digest was expected'],
    ['more than it may be', ' '.repeat(MAX_LOCK_BYTES + 1), `larger than ${MAX_LOCK_BYTES} bytes`],
  ])('%s', (_, content, message) => {
    const error = refusalOf(() => parseLock(content));
    expect(error).toContain(message);
  });

  function refusalOf(parse: () => unknown): string {
    try {
      parse();
    } catch (error) {
      if (!isTrustError(error)) throw error;
      expect(error.code).toBe('LOCK_PARSE');
      return error.message;
    }
    throw new Error('was not refused');
  }
});

describe('is written', () => {
  const word = fc
    .oneof(fc.string({ minLength: 1, unit: 'grapheme' }), fc.constantFrom('__proto__', 'constructor', '1', '"', '\\', '\u202e', 'a\nb'))
    .filter((one) => !one.includes('*'));
  const nameOf = fc.oneof(
    word.filter((one) => !one.includes('/')),
    fc.stringMatching(/^app-\*-[a-z]{1,8}$/),
    fc.stringMatching(/^ghcr\.io\/[a-z]{1,8}\/[a-z]{1,8}$/),
  );
  const signer = fc.oneof(
    fc.record({
      issuer: word,
      identity: fc.oneof(
        word,
        word.map((one) => `${one}@refs/tags/*`),
      ),
    }),
    fc.record({ key: fc.stringMatching(/^sha256:[0-9a-f]{64}$/) }),
  );
  const rest = fc.record(
    {
      source: word,
      ref: fc.constantFrom('refs/tags/*', 'refs/heads/main'),
      builder: word,
      sbom: fc.constant(true),
      firstSeen: fc.record({ reference: word, digest: fc.constant(DIGEST), identity: word }),
    },
    { requiredKeys: [] },
  );
  const entry = fc.tuple(signer, rest, fc.constantFrom(...EVIDENCE_LEVELS)).map(([who, more, evidence]): LockEntry => ({ ...who, ...more, evidence }));
  const allows = fc
    .record(
      {
        source: fc.oneof(word, fc.constant(null)),
        ref: fc.constantFrom('refs/heads/main', null),
        builder: fc.constant(null),
        evidence: fc.constantFrom(...EVIDENCE_LEVELS),
        sbom: fc.constant(false as const),
      },
      { requiredKeys: [] },
    )
    .filter((one) => Object.keys(one).length > 0) as fc.Arbitrary<AllowedFacts>;
  const lock = fc.dictionary(nameOf, entry, { minKeys: 1, noNullPrototype: true }).chain((artifacts) =>
    fc
      .array(
        fc.record({
          artifact: fc.constantFrom(...Object.keys(artifacts)),
          allows,
          until: fc.constantFrom('2030-12-31', '2030-01-01T00:00:00Z'),
          reason: word,
          version: word,
        }),
        { maxLength: 3 },
      )
      .map((exceptions): Lock => ({ artifacts: new Map(Object.entries(artifacts)), exceptions })),
  );

  test('so that it reads as it was', () => {
    fc.assert(
      fc.property(lock, (one) => {
        const read = parseLock(encodeLock(one));
        expect(new Set(read.artifacts.keys())).toEqual(new Set(one.artifacts.keys()));
        for (const [name, its] of one.artifacts) expect({ ...read.artifacts.get(name) }).toEqual({ sbom: false, ...its });
        expect(read.exceptions).toEqual(one.exceptions);
      }),
    );
  });

  test('as the same bytes, in whatever order it was made: ASCII and LF', () => {
    fc.assert(
      fc.property(lock, (one) => {
        const written = encodeLock(one);
        expect(encodeLock({ ...one, artifacts: new Map([...one.artifacts].reverse()) })).toBe(written);
        expect(encodeLock(parseLock(written))).toBe(written);
        expect(encodeLock(parseLock(written.replaceAll('\n', '\r\n')))).toBe(written);
        expect(written).toMatch(/^[\x20-\x7e\n]*\n$/);
      }),
    );
  });

  test('and every shorter text of it is refused', () => {
    const whole = encodeLock({ artifacts: new Map([['app', { ...ENTRY, sbom: true }]]), exceptions: [] });
    for (let length = 0; length < whole.length - 1; length++) expect(() => parseLock(whole.slice(0, length))).toThrow();
  });
});

test('the page shows what is really written', () => {
  const page = readFileSync(new URL('../../../../docs/lock.md', import.meta.url), 'utf8');
  const [lock = '', exceptions = ''] = [...page.matchAll(/^```json\n(.*?)^```/gms)].map(([, block = '']) => block);
  expect(encodeLock(parseLock(lock))).toBe(lock);
  const whole = parseLock(lock.replace(/\n\}\n$/, `,\n${exceptions}}\n`));
  expect(whole.exceptions).toHaveLength(1);
  expect(JSON.parse(encodeLock(whole)).exceptions).toEqual(JSON.parse(`{${exceptions}}`).exceptions);
});

describe('an artifact', () => {
  const found = (name: string, ...names: readonly string[]) => findArtifact({ artifacts: new Map(names.map((one) => [one, ENTRY])), exceptions: [] }, name);

  test.each<[string, string, readonly string[], string | undefined, string | undefined]>([
    ['by its name', 'app', ['app'], 'app', undefined],
    ['by a pattern, with its version', 'app-1.2.3.tar.gz', ['app-*.tar.gz'], 'app-*.tar.gz', '1.2.3'],
    ['by a pattern of two', 'app-1.2.3-linux-amd64.tar.gz', ['app-*-linux-*.tar.gz'], 'app-*-linux-*.tar.gz', '1.2.3'],
    ['by its name before a pattern', 'app-1', ['app-*', 'app-1'], 'app-1', undefined],
    ['not by the beginning of a name', 'app-1.tar.gz.exe', ['app-*.tar.gz'], undefined, undefined],
    ['not by ends that overlap', 'ab', ['ab*b'], undefined, undefined],
    ['not by signs of other patterns', 'appx1', ['app.1', 'app?1', 'app[x]1'], undefined, undefined],
    ['not by a pattern over a repository', 'ghcr.io/o/app', ['*app'], undefined, undefined],
    ['not by another repository', 'ghcr.io/o/app2', ['ghcr.io/o/app'], undefined, undefined],
    ['not by a name that every object has', 'constructor', ['app'], undefined, undefined],
  ])('%s', (_, name, names, expected, version) => {
    expect(found(name, ...names)?.name).toBe(expected);
    expect(found(name, ...names)?.version).toBe(version);
  });

  test('that two patterns match is nobody', () => {
    expect(() => found('app-1.tar.gz', 'app-*', '*.tar.gz')).toThrow(/2 names in the lock match it/);
  });
});
