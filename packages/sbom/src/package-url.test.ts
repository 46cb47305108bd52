import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packageUrl, parsePurl } from './package-url.ts';

describe('a package URL', () => {
  it.each<[what: string, given: string, canonical: string]>([
    ['is canonical already', 'pkg:npm/%40scope/name@1.0.0', 'pkg:npm/%40scope/name@1.0.0'],
    ['has a scope that is not encoded', 'pkg:npm/@scope/name@1.0.0', 'pkg:npm/%40scope/name@1.0.0'],
    ['has a scope and no version', 'pkg:npm/@scope/name', 'pkg:npm/%40scope/name'],
    ['has a bare plus', 'pkg:deb/debian/libstdc++6@12.2.0-14+deb12u1', 'pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1'],
    ['has slashes behind the scheme', 'pkg://pypi/Typing_Extensions@4', 'pkg:pypi/typing-extensions@4'],
    ['has qualifiers in another order, and an empty one', 'pkg:rpm/fedora/curl@8?Epoch=1&arch=x86_64&distro=', 'pkg:rpm/fedora/curl@8?arch=x86_64&epoch=1'],
    ['has a version that is none', 'pkg:golang/example.org/app@(devel)', 'pkg:golang/example.org/app@%28devel%29'],
    ['has a subpath', 'pkg:golang/example.org/app@v1#cmd/app/', 'pkg:golang/example.org/app@v1#cmd/app'],
    ['has its type in capitals', 'pkg:Maven/org.example/core@1', 'pkg:maven/org.example/core@1'],
  ])('that %s is read', (_, given, canonical) => {
    expect(parsePurl(given)?.purl).toBe(canonical);
    expect(parsePurl(canonical)?.purl).toBe(canonical);
  });

  it.each(['', 'pkg:', 'pkg:npm', 'pkg:npm/', 'npm/name', 'pkg:npm/%zz', 'pkg:/name', 'https://example.org/pkg'])('is not %j', (given) => {
    expect(parsePurl(given)).toBeUndefined();
  });

  it('says its namespace', () => {
    expect(parsePurl('pkg:maven/org.example/core@1')).toMatchObject({ type: 'maven', namespace: 'org.example' });
  });

  it('is read as it was written, whatever is in it', () => {
    const part = fc.string({ minLength: 1 }).filter((one) => one !== '.' && one !== '..' && !one.includes('/'));
    fc.assert(
      fc.property(part, part, fc.string(), fc.string({ minLength: 1 }), (namespace, name, version, arch) => {
        const purl = packageUrl({ type: 'generic', namespace, name, version, qualifiers: { arch } });
        expect(parsePurl(purl)?.purl).toBe(purl);
      }),
    );
  });
});
