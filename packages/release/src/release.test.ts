import { utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { encodeRelease, parseRelease, RELEASE_MEDIA_TYPE, type Release } from './release.ts';

const HEX = 'a'.repeat(64);
const RELEASE: Release = {
  mediaType: RELEASE_MEDIA_TYPE,
  name: 'app',
  version: '1.0.0',
  inputs: HEX,
  commit: 'c'.repeat(40),
  checksums: { name: 'checksums.txt', sha256: HEX, signature: 'checksums.txt.sigstore.json' },
  provenance: 'app.intoto.jsonl',
  files: [
    {
      name: 'app',
      sha256: HEX,
      size: 3,
      signature: 'app.sigstore.json',
      sboms: [{ name: 'app.cdx.json', sha256: HEX, format: 'cyclonedx-json', attestation: 'app.cdx.sigstore.json' }],
    },
  ],
  images: [
    {
      name: 'app',
      repository: 'ghcr.io/acme/app',
      digest: `sha256:${HEX}`,
      tags: ['1.0.0'],
      manifest: 'image-app.manifest.json',
      signature: 'image-app.sigstore.json',
      provenance: 'image-app.provenance.sigstore.json',
      platforms: [],
    },
  ],
  charts: [],
};

const changed = (change: (release: Record<string, never> & Release) => unknown): Uint8Array => {
  const copy = structuredClone(RELEASE) as never;
  change(copy);
  return utf8(JSON.stringify(copy));
};

describe('the description of a release', () => {
  test('is read as it was written', () => {
    expect(parseRelease(encodeRelease(RELEASE), 'assay.release.json')).toEqual(RELEASE);
  });

  test.each([
    ['a name in another folder', changed(({ files }) => Object.assign(files[0] ?? {}, { name: '../app' }))],
    ['an absolute name', changed(({ files }) => Object.assign(files[0] ?? {}, { name: '/etc/passwd' }))],
    ['a name of Windows in another folder', changed(({ files }) => Object.assign(files[0] ?? {}, { signature: 'C:\\x' }))],
    ['a hidden name', changed(({ files }) => Object.assign(files[0] ?? {}, { name: '.bashrc' }))],
    ['a name with a line end', changed(({ files }) => Object.assign(files[0] ?? {}, { name: 'a\nb' }))],
    ['itself', changed(({ files }) => Object.assign(files[0] ?? {}, { name: 'assay.release.json' }))],
    ['one file for two things', changed(({ files }) => Object.assign(files[0] ?? {}, { signature: 'checksums.txt.sigstore.json' }))],
    ['a digest that is none', changed(({ images }) => Object.assign(images[0] ?? {}, { digest: 'sha256:00' }))],
    ['a member that nobody knows', changed((release) => Object.assign(release, { more: true }))],
    ['another media type', changed((release) => Object.assign(release, { mediaType: 'application/json' }))],
    ['a key twice', utf8(`{"name":"a",${JSON.stringify(RELEASE).slice(1)}`)],
    ['nothing', utf8('')],
    ['something else', utf8('[]')],
  ])('does not name %s', (_, content) => {
    expect(() => parseRelease(content, 'assay.release.json')).toThrow(expect.objectContaining({ code: 'RELEASE_PARSE' }));
  });

  test('cut off anywhere is none', () => {
    const whole = encodeRelease(RELEASE);
    // The last byte is the line end.
    for (let length = 0; length < whole.length - 1; length++) {
      expect(() => parseRelease(whole.subarray(0, length), 'assay.release.json')).toThrow(expect.objectContaining({ code: 'RELEASE_PARSE' }));
    }
  });
});
