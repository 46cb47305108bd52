/** One demand at a time: what satisfies it, what does not, and that nothing else does. */
import { exactly, parsePublicKeyPem } from '@assay/core';
import { DEFAULT_IDENTITY } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newKey, openScene, type Scene } from '../../test/scene.ts';
import type { Demand, Rules, SignedDemand, Signer } from '../model.ts';
import { judge } from './judge.ts';
import { namedImage } from './open-subject.ts';
import { compilePattern, matchesWildcard } from './text-pattern.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene.close());

const RULES: Rules = {
  authorities: 'default',
  ctLogs: 'default',
  logs: 'default',
  timestamps: 'default',
  log: 'required',
  sct: 'required',
  timestamp: 'optional',
};
const IDENTITY = { subject: { kind: 'exact', text: DEFAULT_IDENTITY.san }, issuer: { kind: 'exact', text: DEFAULT_IDENTITY.issuer } } as const;
const WORKFLOW: Signer = { who: { kind: 'identities', identities: [IDENTITY] }, rules: RULES };
const SIGNED: SignedDemand = { kind: 'signed', by: WORKFLOW, from: {} };
const SBOM = 'https://cyclonedx.org/bom';
const attested = (over: Partial<Demand & { kind: 'attested' }> = {}): Demand => ({
  kind: 'attested',
  predicateType: SBOM,
  by: WORKFLOW,
  from: {},
  which: 'some',
  conditions: [],
  ...over,
});
const keySigner = (pem: string, log: Rules['log'] = 'ignored'): Signer => ({ who: { kind: 'keys', keys: [parsePublicKeyPem(pem)] }, rules: { ...RULES, log } });

describe.each(['bundle', 'older'] as const)('a signature stored as %s', (format) => {
  test('by whom is expected satisfies, and by others does not', async () => {
    const image = scene.image();
    image.sign({ format });
    expect((await judge(SIGNED, scene.subject(image.reference))).ok).toBe(true);
    const other: Signer = {
      who: { kind: 'identities', identities: [{ ...IDENTITY, subject: { kind: 'exact', text: 'https://example.org/x' } }] },
      rules: RULES,
    };
    const refused = await judge({ ...SIGNED, by: other }, scene.subject(image.reference));
    expect(refused.ok).toBe(false);
    expect(refused.shown).toEqual([]);
    expect(refused.refused).toHaveLength(1);
  });

  test('by a key satisfies without a log, and where a log is demanded only with one', async () => {
    const image = scene.image();
    const key = newKey();
    image.sign({ format, key, log: 'none', timestamp: false });
    expect((await judge({ ...SIGNED, by: keySigner(key.publicPem) }, scene.subject(image.reference))).ok).toBe(true);
    expect((await judge({ ...SIGNED, by: keySigner(key.publicPem, 'required') }, scene.subject(image.reference))).ok).toBe(false);
    expect((await judge({ ...SIGNED, by: keySigner(newKey().publicPem) }, scene.subject(image.reference))).ok).toBe(false);
  });

  test('of another image is none', async () => {
    const image = scene.image();
    image.sign({ format, of: scene.image().digest });
    const outcome = await judge(SIGNED, scene.subject(image.reference));
    expect(outcome.ok).toBe(false);
    expect(outcome.refused).toHaveLength(1);
  });

  test('is no attestation, and an attestation is no signature', async () => {
    const [signed, attestedOnly] = [scene.image(), scene.image()];
    signed.sign({ format });
    attestedOnly.attest(SBOM, { a: 1 }, { format });
    expect((await judge(attested(), scene.subject(signed.reference))).ok).toBe(false);
    expect((await judge(SIGNED, scene.subject(attestedOnly.reference))).ok).toBe(false);
    expect((await judge(attested(), scene.subject(attestedOnly.reference))).ok).toBe(true);
  });
});

describe('attestations', () => {
  const name = (value: string): Demand & { kind: 'attested' } =>
    attested({ conditions: [{ language: 'values', path: ['predicate', 'name'], test: { kind: 'equals', value } }] }) as Demand & { kind: 'attested' };

  test('one of several that holds is enough, unless every one must', async () => {
    const image = scene.image();
    image.attest(SBOM, { name: 'a' });
    image.attest(SBOM, { name: 'b' });
    const subject = () => scene.subject(image.reference);
    expect((await judge(name('b'), subject())).ok).toBe(true);
    expect((await judge(name('c'), subject())).ok).toBe(false);
    expect((await judge({ ...name('b'), which: 'every' }, subject())).ok).toBe(false);
  });

  test('of every one, there is one', async () => {
    const image = scene.image();
    expect((await judge({ ...name('b'), which: 'every' }, scene.subject(image.reference))).ok).toBe(false);
    image.attest(SBOM, { name: 'b' });
    expect((await judge({ ...name('b'), which: 'every' }, scene.subject(image.reference))).ok).toBe(true);
  });

  test('of another type are told, and do not count', async () => {
    const image = scene.image();
    image.attest('https://spdx.dev/Document', {});
    const outcome = await judge(attested(), scene.subject(image.reference));
    expect(outcome.ok).toBe(false);
    expect(outcome.otherTypes).toEqual(['https://spdx.dev/Document']);
  });

  test('must be recent where that is demanded, by the time that is proven', async () => {
    const image = scene.image();
    image.attest(SBOM, {});
    const later = new Date(scene.instance.now.getTime() + 86_400_000);
    expect((await judge(attested({ maxAgeSeconds: 3700 }), scene.subject(image.reference))).ok).toBe(true);
    expect((await judge(attested({ maxAgeSeconds: 3700 }), scene.subject(image.reference, { now: later }))).ok).toBe(false);
  });
});

describe('parts', () => {
  const yes: Demand = { kind: 'static', admits: true, message: '' };
  const no: Demand = { kind: 'static', admits: false, message: '' };
  test.each<[string, Demand, boolean]>([
    ['nothing is no part of any', { kind: 'any', of: [] }, false],
    ['nothing is not all', { kind: 'all', of: [] }, false],
    ['one of any', { kind: 'any', of: [no, yes] }, true],
    ['none of any', { kind: 'any', of: [no, no] }, false],
    ['all', { kind: 'all', of: [yes, yes] }, true],
    ['not all', { kind: 'all', of: [yes, no] }, false],
    ['enough', { kind: 'count', least: 2, of: [yes, no, yes] }, true],
    ['not enough', { kind: 'count', least: 2, of: [yes, no] }, false],
    ['more than there are', { kind: 'count', least: 2, of: [yes] }, false],
    ['a count of zero is no demand, and nothing satisfies it', { kind: 'count', least: 0, of: [yes] }, false],
    ['what cannot hold', { kind: 'never', says: 'no key' }, false],
    ['an exception aside from what cannot hold', { kind: 'any', of: [{ kind: 'never', says: 'no key' }, yes] }, true],
  ])('%s', async (_, demand, ok) => {
    const image = scene.image();
    const outcome = await judge(demand, scene.subject(image.reference));
    expect(outcome.ok).toBe(ok);
    expect(outcome.check.status === 'pass').toBe(ok);
  });

  test('evidence is asked for once, however many demands look at it', async () => {
    const image = scene.image();
    image.sign();
    scene.registry.reset();
    const other: Signer = {
      who: { kind: 'identities', identities: [{ ...IDENTITY, issuer: { kind: 'exact', text: 'https://other.example' } }] },
      rules: RULES,
    };
    const outcome = await judge({ kind: 'any', of: [{ ...SIGNED, by: other }, { ...SIGNED, by: other }, SIGNED] }, scene.subject(image.reference));
    expect(outcome.ok).toBe(true);
    const asked = scene.registry.requests.filter(({ path }) => path.includes('/referrers/'));
    expect(asked).toHaveLength(1);
  });

  test('a static answer asks nobody', async () => {
    scene.registry.reset();
    expect((await judge(yes, scene.subject(`${scene.registry.host}/nowhere:1`))).ok).toBe(true);
    expect(scene.registry.requests).toEqual([]);
  });

  test('an image that is not there, and a root that is not there, are problems of the demand', async () => {
    const gone = await judge(SIGNED, scene.subject(`${scene.registry.host}/nowhere:1`));
    expect(gone.problem?.code).toBe('OCI_NOT_FOUND');
    const image = scene.image();
    image.sign();
    const rootless = await judge({ ...SIGNED, by: { ...WORKFLOW, rules: { ...RULES, authorities: { name: 'mine' } } } }, scene.subject(image.reference));
    expect(rootless.problem?.code).toBe('TRUST_ROOT_UNKNOWN');
    expect([gone.ok, rootless.ok]).toEqual([false, false]);
  });
});

describe('{tag}', () => {
  const image = (tag: string) => namedImage(`ghcr.io/a/b:${tag}`);

  test.each([
    ['v1.2', 'refs/tags/v1.2', true],
    ['v1.2', 'refs/tags/v1x2', false],
    ['v1', 'refs/tags/v1.2', false],
  ])('of %s in a pattern is escaped: %s', async (tag, text, matches) => {
    const matcher = await compilePattern({ kind: 'regexp', pattern: 'refs/tags/{tag}', mode: 'whole', tag: true }, image(tag));
    expect(matcher.kind === 'pattern' && matcher.matches(text)).toBe(matches);
  });

  test('in an exact text is the tag', async () => {
    expect(await compilePattern({ kind: 'exact', text: 'x@{tag}', tag: true }, image('v1'))).toEqual(exactly('x@v1'));
    expect(await compilePattern({ kind: 'exact', text: 'x@{tag}' }, image('v1'))).toEqual(exactly('x@{tag}'));
  });

  test('without a tag refuses', async () => {
    const pinned = namedImage(`ghcr.io/a/b@sha256:${'0'.repeat(64)}`);
    await expect(compilePattern({ kind: 'exact', text: 'x@{tag}', tag: true }, pinned)).rejects.toMatchObject({ code: 'IDENTITY_PATTERN' });
  });
});

test.each([
  ['', '', true],
  ['', 'a', false],
  ['*', '', true],
  ['a*b?c', 'axxbyc', true],
  ['a*b?c', 'abc', false],
  ['*a*a*a*b', 'a'.repeat(10_000), false],
  ['a.c', 'abc', false],
  ['?', '🦀', true],
])('the wildcard %s, and a text of its kind', (pattern, text, matches) => {
  expect(matchesWildcard(pattern, text)).toBe(matches);
});
