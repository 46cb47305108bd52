import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type CertificateFiles, isServable, nextGeneration } from './generations.ts';

const DAY = 86_400_000;
const START = new Date('2026-01-01T00:00:00Z');
const NAMES = ['webhook.cosign-system.svc', '127.0.0.1', '::1'];
const at = (days: number, minutes = 0) => ({
  names: NAMES,
  now: new Date(START.getTime() + days * DAY + minutes * 60_000),
  lifetimeMs: 90 * DAY,
  settleMs: 600_000,
});
const first = nextGeneration({}, at(0));
const authorities = (files: CertificateFiles): X509Certificate[] => (files['ca.crt'] ?? '').split(/(?=-----BEGIN)/).map((pem) => new X509Certificate(pem));

/** What the API server checks, with the authorities that it was told of. */
function isTrusted(files: CertificateFiles, told: CertificateFiles): boolean {
  const leaf = new X509Certificate(files['tls.crt'] as string);
  return authorities(told).some((one) => leaf.checkIssued(one) && leaf.verify(one.publicKey));
}

describe('the first one', () => {
  test('is for its names, below an authority that signs nothing else', () => {
    const leaf = new X509Certificate(first['tls.crt'] as string);
    expect(leaf.checkHost('webhook.cosign-system.svc')).toBeDefined();
    expect([leaf.checkIP('127.0.0.1'), leaf.checkIP('::1'), leaf.checkIP('10.0.0.1')]).toEqual(['127.0.0.1', '::1', undefined]);
    expect([leaf.ca, authorities(first)[0]?.ca]).toEqual([false, true]);
    expect(Object.keys(first).sort()).toEqual(['ca.crt', 'tls.crt', 'tls.key']);
    expect(isTrusted(first, first)).toBe(true);
  });

  test('is kept for two thirds of its life', () => {
    for (const day of [0, 30, 59]) expect(nextGeneration(first, at(day))).toBe(first);
  });

  test.each<[string, CertificateFiles, Parameters<typeof at>]>([
    ['it has ended', first, [91]],
    ['the clock is before it', first, [-1]],
    ['the key is gone', { ...first, 'tls.key': '' }, [1]],
    ['the key is another', { ...first, 'tls.key': nextGeneration({}, at(0))['tls.key'] as string }, [1]],
    ['the authority is another', { ...first, 'ca.crt': nextGeneration({}, at(0))['ca.crt'] as string }, [1]],
    ['it is no certificate', { ...first, 'tls.crt': 'x' }, [1]],
  ])('is made anew when %s', (_, files, when) => {
    expect(isServable(files, at(...when))).toBe(false);
    const next = nextGeneration(files, at(...when));
    expect(next['tls.crt']).not.toBe(first['tls.crt']);
    expect(isServable(next, at(...when))).toBe(true);
  });

  test('is made anew for another name', () => {
    const options = { ...at(1), names: [...NAMES, 'other.svc'] };
    expect(isServable(nextGeneration(first, options), options)).toBe(true);
  });
});

test('for three years no step serves what the step before did not tell of', () => {
  let [files, steps, generations] = [first, 0, new Set<string>()];
  for (let minutes = 0; minutes < 3 * 365 * 1440; minutes += files['next.crt'] === undefined ? 360 : 4) {
    const before = files;
    files = nextGeneration(files, at(0, minutes));
    if (files === before) continue;
    steps++;
    generations = generations.add(files['tls.crt'] as string);
    expect(isTrusted(files, before)).toBe(true);
    // A replica that is a step behind is trusted as well.
    expect(isTrusted(before, files)).toBe(true);
    expect(authorities(files).length).toBeLessThanOrEqual(4);
    expect(isServable(files, at(0, minutes))).toBe(true);
  }
  expect(generations.size).toBeGreaterThan(16);
  expect(steps).toBeGreaterThanOrEqual(2 * (generations.size - 1));
});
