import { describe, expect, it } from 'vitest';
import { conjunctionOf, conjuncts, isSingleLicense, spdxExpression } from './licenses.ts';

describe('what a package says of its licence', () => {
  it.each<[given: string, expression: string | undefined]>([
    ['MIT', 'MIT'],
    ['(MIT)', 'MIT'],
    ['MIT or Apache-2.0', 'MIT OR Apache-2.0'],
    ['(MIT OR Apache-2.0) AND ISC', '(MIT OR Apache-2.0) AND ISC'],
    ['MIT OR (Apache-2.0 AND ISC)', 'MIT OR Apache-2.0 AND ISC'],
    ['GPL-2.0', 'GPL-2.0'],
    ['GPL-2.0+', 'GPL-2.0+'],
    ['GPL-2.0-only WITH Classpath-exception-2.0', 'GPL-2.0-only WITH Classpath-exception-2.0'],
    ['LicenseRef-own', 'LicenseRef-own'],
    ['DocumentRef-a:LicenseRef-own', 'DocumentRef-a:LicenseRef-own'],
    ['mit', undefined],
    ['GPL-2+', undefined],
    ['public-domain', undefined],
    ['MIT/X11', undefined],
    ['', undefined],
    ['Apache License 2.0', undefined],
    [`${'('.repeat(1500)}MIT`, undefined],
    [`MIT${' OR MIT'.repeat(100_000)}`, undefined],
  ])('%.60s', (given, expression) => {
    expect(spdxExpression(given)).toBe(expression);
  });

  it('is single when nothing is around it', () => {
    expect(['MIT', 'GPL-2.0+', 'MIT OR ISC', 'LicenseRef-own', 'GPL-2.0-only WITH x'].map(isSingleLicense)).toEqual([true, false, false, false, false]);
  });

  it('is taken apart, and put together, where all of it applies', () => {
    expect(conjuncts('MIT AND (ISC OR Zlib) AND GPL-2.0+')).toEqual(['MIT', 'ISC OR Zlib', 'GPL-2.0+']);
    expect(conjuncts('free AND easy')).toEqual(['free AND easy']);
    expect(conjunctionOf(['MIT', 'ISC OR Zlib', 'MIT'])).toBe('MIT AND (ISC OR Zlib)');
    expect(conjunctionOf(['ISC OR Zlib'])).toBe('ISC OR Zlib');
    expect(conjunctionOf([])).toBeUndefined();
    const many = Array.from({ length: 500 }, (_, i) => `LicenseRef-${i}`);
    expect(conjuncts(many.join(' AND '))).toEqual(many);
    expect(conjuncts(`${many.join(' AND ')} AND (MIT OR ISC)`)).toEqual([...many, 'MIT OR ISC']);
    expect(conjuncts(`${many.join(' AND ')} AND not one`)).toHaveLength(1);
    expect(conjuncts(`${many.join(' AND ')} OR MIT`)).toHaveLength(1);
  });
});
