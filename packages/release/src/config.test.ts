import { describe, expect, test } from 'vitest';
import { parseReleaseConfig } from './config.ts';

const parse = (text: string) => parseReleaseConfig(text, 'assay.release.yaml');

describe('assay.release.yaml', () => {
  test('names what is released, and leaves the rest to its defaults', () => {
    expect(parse('name: app\nfiles: [dist/*]\nimages: [{ from: build, to: ghcr.io/acme/app }]\n')).toEqual({
      name: 'app',
      version: undefined,
      files: ['dist/*'],
      baseImages: [],
      images: [{ name: 'app', from: 'build', to: 'ghcr.io/acme/app', tags: ['{version}'] }],
      charts: [],
      sbom: ['cyclonedx-json'],
    });
  });

  test('may state a version that YAML takes for a number', () => {
    expect(parse('name: app\nversion: 1.5\nfiles: [a]\n').version).toBe('1.5');
  });

  test.each([
    ['a key that nobody knows', 'name: app\nfile: [a]\n', 'assay.release.yaml:1:1: the file: unknown: file'],
    ['one further in', 'name: app\nimages:\n  - { from: a, to: b/c, tag: x }\n', 'assay.release.yaml:3:5: images.0: unknown: tag'],
    ['no name', 'files: [a]\n', 'name: is missing'],
    ['a name that is no file name', 'name: a/b\nfiles: [a]\n', 'assay.release.yaml:1:7: name: letters, digits'],
    ['a text in the place of a list', 'name: app\nfiles: dist\n', 'assay.release.yaml:2:8: files: array was expected'],
    ['nothing to release', 'name: app\n', 'there is nothing to release in it'],
    ['an image twice', 'name: app\nimages: [{ from: a, to: x/app }, { from: b, to: y/app }]\n', 'two images are named app'],
    ['an image that a chart alone knows', 'name: app\ncharts: [{ from: a, to: x/y, images: { image: other } }]\n', 'names the image other'],
    ['what is not YAML', 'name: [\n', 'assay.release.yaml:'],
    ['a key twice', 'name: a\nname: b\nfiles: [a]\n', 'assay.release.yaml:2:1'],
    ['nothing at all', '', 'name: is missing'],
    [
      'aliases that multiply',
      `a: &a [x, x]\n${[...'bcdefghijklmnopqrstuvwxyz'].map((key, i) => `${key}: &${key} [*${'abcdefghijklmnopqrstuvwxy'[i]}, *${'abcdefghijklmnopqrstuvwxy'[i]}]\n`).join('')}`,
      'assay.release.yaml',
    ],
  ])('must not have %s', (_, text, message) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'RELEASE_CONFIG', message: expect.stringContaining(message) }));
  });
});
