import { describe, expect, it } from 'vitest';
import { hasTooManyDependencies, resolveDependencies } from './dependencies.ts';

const claims = (name: string, requires: readonly string[], provides: readonly string[] = []) => ({ name, architecture: 'x86_64', requires, provides });

describe('resolveDependencies', () => {
  it('finds each package once, however often it is required, and never itself', () => {
    const packages = [claims('a', ['b', 'lib', 'a', 'b']), claims('b', [], ['lib', 'lib'])];
    expect(resolveDependencies(packages)).toEqual([[1], []]);
  });

  it('finds all that provide one thing', () => {
    expect(resolveDependencies([claims('a', ['lang']), claims('de', [], ['lang']), claims('en', [], ['lang'])])).toEqual([[1, 2], [], []]);
  });

  it('finds packages of another architecture when no other provides it', () => {
    expect(resolveDependencies([claims('a', ['b']), { ...claims('b', []), architecture: 'i686' }])).toEqual([[1], []]);
  });

  it('finds none at all where everything depends on everything', () => {
    const packages = Array.from({ length: 1500 }, (_, i) => claims(`p${i}`, ['x'], ['x']));
    expect(hasTooManyDependencies(packages)).toBe(true);
    expect(resolveDependencies(packages)).toEqual([]);
  });
});
