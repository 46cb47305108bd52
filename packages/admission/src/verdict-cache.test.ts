import { describe, expect, test } from 'vitest';
import { DIGEST } from '../test/requests.ts';
import { VerdictCache, type VerdictKey } from './verdict-cache.ts';

const policy = { name: 'p', kind: 'ClusterImagePolicy', uid: 'u', resourceVersion: '1', contextual: false };
const image = { repository: 'ghcr.io/a/b', digest: DIGEST, tag: undefined };
const KEY: VerdictKey = { policy, image, trustVersion: 't', credentials: 'c' };
const pass = async () => ({ ok: true, errors: [] });
const refuse = async () => ({ ok: false, errors: ['no'] });

describe('a pass is for', () => {
  test.each<[string, Partial<VerdictKey>]>([
    ['another image', { image: { ...image, digest: `sha256:${'cd'.repeat(32)}` } }],
    ['another repository', { image: { ...image, repository: 'ghcr.io/a/c' } }],
    ['another tag, which an identity may name', { image: { ...image, tag: '1' } }],
    ['another version of the policy', { policy: { ...policy, resourceVersion: '2' } }],
    ['another policy of the same name', { policy: { ...policy, uid: 'v' } }],
    ['another policy', { policy: { ...policy, name: 'q' } }],
    ['a policy of another kind', { policy: { ...policy, kind: 'ImagePolicy' } }],
    ['other trust roots', { trustVersion: 'u' }],
    ['other credentials', { credentials: '' }],
  ])('not for %s', async (_, more) => {
    const cache = new VerdictCache();
    await cache.verdict(KEY, pass);
    expect(await cache.verdict(KEY, refuse)).toMatchObject({ ok: true });
    expect(await cache.verdict({ ...KEY, ...more }, refuse)).toMatchObject({ ok: false });
  });
});

describe('how long', () => {
  test.each<[string, typeof pass | typeof refuse, number, boolean]>([
    ['a pass after 59 min', pass, 59 * 60_000, true],
    ['a pass after an hour', pass, 3_600_000, false],
    ['a refusal after 9 s', refuse, 9000, true],
    ['a refusal after 10 s', refuse, 10_000, false],
    ['a pass when the clock went back', pass, -1, false],
  ])('%s', async (_, first, ms, known) => {
    let now = 0;
    const cache = new VerdictCache({ now: () => now, refusalMs: 60_000 });
    await cache.verdict(KEY, first);
    now = ms;
    let asked = false;
    await cache.verdict(KEY, () => {
      asked = true;
      return pass();
    });
    expect(asked).toBe(!known);
  });

  test('what depends on the object is asked each time', async () => {
    const sources: string[] = [];
    const cache = new VerdictCache({ told: (source) => sources.push(source) });
    const key = { ...KEY, policy: { ...policy, contextual: true } };
    expect(await cache.verdict(key, pass)).toMatchObject({ ok: true });
    expect(await cache.verdict(key, refuse)).toMatchObject({ ok: false });
    expect([cache.size, sources]).toEqual([0, ['bypassed', 'bypassed']]);
  });

  test('a verification that throws is known to nobody', async () => {
    const cache = new VerdictCache();
    await expect(cache.verdict(KEY, () => Promise.reject(new Error('down')))).rejects.toThrow('down');
    expect(await cache.verdict(KEY, pass)).toMatchObject({ ok: true });
  });
});

test('what is no longer in force is forgotten, also while it is being made', async () => {
  const cache = new VerdictCache();
  await cache.verdict(KEY, pass);
  cache.retain([policy], 't');
  expect(cache.size).toBe(1);
  cache.retain([policy], 'another root');
  expect(cache.size).toBe(0);

  let settle: (verdict: { ok: boolean; errors: string[] }) => void = () => undefined;
  const asked = cache.verdict(KEY, () => new Promise((resolve) => (settle = resolve)));
  cache.retain([], 't');
  settle({ ok: true, errors: [] });
  expect(await asked).toMatchObject({ ok: true });
  expect(cache.size).toBe(0);
});

test('nothing but texts is kept', async () => {
  const cache = new VerdictCache();
  const evidence = { ok: true, errors: [], outcome: new Uint8Array(1000) };
  await cache.verdict(KEY, async () => evidence);
  expect(await cache.verdict(KEY, refuse)).toEqual({ ok: true, errors: [] });
});
