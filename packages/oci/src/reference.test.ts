import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caught } from '../../net/test/caught.ts';
import { parseReference, parseRepository, referenceText, repositoryText, targetOf, withDigest, withTag } from './reference.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const LONG = `sha512:${'0'.repeat(128)}`;

describe('parseReference', () => {
  test.each([
    ['alpine', 'index.docker.io/library/alpine:latest'],
    ['alpine:3.20', 'index.docker.io/library/alpine:3.20'],
    ['knabben/netshoot', 'index.docker.io/knabben/netshoot:latest'],
    ['docker.io/alpine', 'index.docker.io/library/alpine:latest'],
    ['docker.io/knabben/netshoot', 'index.docker.io/knabben/netshoot:latest'],
    ['index.docker.io/alpine:1', 'index.docker.io/library/alpine:1'],
    ['registry-1.docker.io/a/b', 'index.docker.io/a/b:latest'],
    ['DOCKER.io/a/b', 'index.docker.io/a/b:latest'],
    ['ghcr.io/owner/app', 'ghcr.io/owner/app:latest'],
    ['GHCR.io/owner/app', 'ghcr.io/owner/app:latest'],
    ['ghcr.io/app', 'ghcr.io/app:latest'],
    ['ghcr.io/a/b/c/d:v1.2.3-rc.1_x', 'ghcr.io/a/b/c/d:v1.2.3-rc.1_x'],
    ['localhost/app', 'localhost/app:latest'],
    ['localhost:5000/app:1', 'localhost:5000/app:1'],
    ['127.0.0.1:5000/app', '127.0.0.1:5000/app:latest'],
    ['[::1]:5000/app', '[::1]:5000/app:latest'],
    ['registry:5000/app', 'registry:5000/app:latest'],
    ['registry/app', 'index.docker.io/registry/app:latest'],
    ['my_registry.local/app', 'my_registry.local/app:latest'],
    ['a.b/app', 'a.b/app:latest'],
    ['ghcr.io/a__b/c-d--e/f.g', 'ghcr.io/a__b/c-d--e/f.g:latest'],
    [`ghcr.io/app@${DIGEST}`, `ghcr.io/app@${DIGEST}`],
    [`ghcr.io/app@${LONG}`, `ghcr.io/app@${LONG}`],
    [`ghcr.io/app:v1@${DIGEST}`, `ghcr.io/app@${DIGEST}`],
    [`localhost:5000/app:v1@${DIGEST}`, `localhost:5000/app@${DIGEST}`],
    [`app@${DIGEST}`, `index.docker.io/library/app@${DIGEST}`],
    [`ghcr.io/app:_${'x'.repeat(127)}`, `ghcr.io/app:_${'x'.repeat(127)}`],
  ])('%s is %s', (text, printed) => {
    expect(referenceText(parseReference(text))).toBe(printed);
  });

  test('keeps the tag beside a digest, and asks for the digest', () => {
    const reference = parseReference(`ghcr.io/app:v1@${DIGEST}`);
    expect([reference.tag, targetOf(reference)]).toEqual(['v1', DIGEST]);
    expect(targetOf(parseReference('ghcr.io/app'))).toBe('latest');
    expect(parseReference(`ghcr.io/app@${DIGEST}`).tag).toBeUndefined();
  });

  test.each([
    ['nothing', ''],
    ['a tag alone', ':v1'],
    ['a digest alone', `@${DIGEST}`],
    ['a host alone', 'ghcr.io/'],
    ['a slash at the start', '/app'],
    ['a slash at the end', 'ghcr.io/app/'],
    ['two slashes', 'ghcr.io/a//b'],
    ['upper case in the repository', 'ghcr.io/Owner/app'],
    ['upper case of Docker Hub', 'Owner/app'],
    ['a path that leads upwards', 'ghcr.io/../app'],
    ['a path that leads upwards in the middle', 'ghcr.io/a/../../b'],
    ['a point alone', 'ghcr.io/./app'],
    ['a percent sign', 'ghcr.io/a%2fb'],
    ['a question mark', 'ghcr.io/app?x=y'],
    ['a fragment', 'ghcr.io/app#x'],
    ['a backslash', 'ghcr.io/a\\b'],
    ['a space', 'ghcr.io/a b'],
    ['a line break', 'ghcr.io/app\n'],
    ['a NUL', 'ghcr.io/app\0'],
    ['letters beyond ASCII', 'ghcr.io/äpp'],
    ['three underscores', 'ghcr.io/a___b'],
    ['a joint at the end', 'ghcr.io/app-'],
    ['a joint at the start', 'ghcr.io/-app'],
    ['256 characters', `ghcr.io/${'a'.repeat(256)}`],
    ['256 characters with what Docker Hub puts in front', 'a'.repeat(248)],
    ['an empty tag', 'ghcr.io/app:'],
    ['a tag that begins with a dash', 'ghcr.io/app:-v1'],
    ['a tag of 129 characters', `ghcr.io/app:${'x'.repeat(129)}`],
    ['a tag with a slash', 'ghcr.io/app:v1/x'],
    ['two tags', 'ghcr.io/app:v1:v2'],
    ['an empty digest', 'ghcr.io/app@'],
    ['a short digest', 'ghcr.io/app@sha256:abc'],
    ['upper-case hex', `ghcr.io/app@sha256:${'A'.repeat(64)}`],
    ['another algorithm', `ghcr.io/app@md5:${'a'.repeat(32)}`],
    ['the length of another algorithm', `ghcr.io/app@sha512:${'a'.repeat(64)}`],
    ['two digests', `ghcr.io/app@${DIGEST}@${DIGEST}`],
    ['a tag behind the digest', `ghcr.io/app@${DIGEST}:v1`],
    ['a scheme', 'https://ghcr.io/app'],
    ['oci://', 'oci://ghcr.io/app'],
    ['credentials', 'user:secret@ghcr.io/app'],
    ['a port that is none', 'ghcr.io:x/app'],
    ['a port beyond the last', 'ghcr.io:65536/app'],
    ['a port of six digits', 'ghcr.io:100000/app'],
    ['an address with too large a part', '127.0.0.256/app'],
    ['a host that a URL reads as an address', '0x7f.1:5000/app'],
    ['a shortened address', '127.1/app'],
    ['an address with zeros in front', '127.0.0.01/app'],
    ['IPv6 that is none', '[::::]/app'],
    ['a host that ends in a dash', 'ghcr.io-/app'],
    ['a host with a percent sign', 'gh%63r.io/app'],
  ])('refuses %s', async (_, text) => {
    const error = await caught(() => parseReference(text));
    expect(error.code).toBe('OCI_REFERENCE');
    expect(error.message).toMatch(/^could not parse reference: \P{C}*$/u);
  });

  test('shows hostile text escaped and short', async () => {
    const { message } = await caught(() => parseReference(`app:\u001b[31m\u202e${'x'.repeat(5000)}`));
    expect(message).toContain('\\u001b[31m\\u202e');
    expect(message.length).toBeLessThan(500);
  });
});

describe('parseRepository', () => {
  test.each([
    ['ghcr.io/owner/sigs', 'ghcr.io/owner/sigs'],
    ['sigs', 'index.docker.io/library/sigs'],
    ['localhost:5000/all', 'localhost:5000/all'],
  ])('%s is %s', (text, printed) => {
    expect(repositoryText(parseRepository(text))).toBe(printed);
  });

  test.each(['', 'ghcr.io/app:v1', `ghcr.io/app@${DIGEST}`, 'https://ghcr.io/app', 'ghcr.io'.repeat(40)])('refuses %s', async (text) => {
    expect(await caught(() => parseRepository(text))).toMatchObject({ code: 'OCI_REFERENCE', message: expect.stringMatching(/^could not parse repository: /) });
  });
});

describe('properties', () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,6}(?:(?:[._]|__|-{1,3})[a-z0-9]{1,4}){0,2}$/);
  const repository = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const host = fc.constantFrom('ghcr.io', 'localhost', 'localhost:5000', '127.0.0.1:1', 'index.docker.io', '[::1]:5000', 'r.example:443');
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);
  const digest = fc.stringMatching(/^sha256:[0-9a-f]{64}$/);
  const name = fc.record({ registry: host, repository }).map(({ registry, repository: path }) => parseRepository(`${registry}/${path}`));

  test('what is printed parses as what was printed', () => {
    fc.assert(
      fc.property(name, tag, digest, (repositoryName, someTag, someDigest) => {
        for (const reference of [withTag(repositoryName, someTag), withDigest(repositoryName, someDigest as `sha256:${string}`)]) {
          expect(parseReference(referenceText(reference))).toEqual(reference);
        }
        expect(parseRepository(repositoryText(repositoryName))).toEqual(repositoryName);
      }),
    );
  });

  test('any text is parsed to names that are safe in a URL, or refused with the one code', () => {
    const piece = fc.constantFrom('ghcr.io', 'localhost', '/', ':', '@', '..', '.', '%2f', '?', '#', '\\', ' ', 'a', 'B', '5000', DIGEST, 'v1', '\0', 'é');
    const text = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        let reference: ReturnType<typeof parseReference>;
        try {
          reference = parseReference(input);
        } catch (error) {
          expect(error).toMatchObject({ code: 'OCI_REFERENCE' });
          return;
        }
        const path = `/v2/${reference.repository}/manifests/${targetOf(reference)}`;
        const url = new URL(path, `https://${reference.registry}/`);
        expect([url.pathname, url.search, url.hash, url.username]).toEqual([path, '', '', '']);
        expect(url.host).toBe(reference.registry.replace(/:443$/, ''));
      }),
    );
  });
});
