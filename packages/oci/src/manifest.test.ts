import { utf8 } from '@assay/core';
import { hostileJson } from '@assay/testkit';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caught } from '../../net/test/caught.ts';
import { artifactTypeOf } from './artifact-type.ts';
import { type Digest, digestOf } from './digest.ts';
import { encodeImage, encodeIndex } from './encode.ts';
import { type Descriptor, type ImageIndex, type ImageManifest, readManifest } from './manifest.ts';
import { DOCKER_CONFIG, DOCKER_INDEX, DOCKER_LAYER_GZIP, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER_GZIP, OCI_MANIFEST } from './media-types.ts';

const D = (digit: string): Digest => `sha256:${digit.repeat(64)}`;
const CONFIG = { mediaType: OCI_CONFIG, digest: D('1'), size: 11 };
const LAYER = { mediaType: OCI_LAYER_GZIP, digest: D('2'), size: 22 };
const CHILD = { mediaType: OCI_MANIFEST, digest: D('3'), size: 33 };
const IMAGE = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: CONFIG, layers: [LAYER] };
const INDEX = { schemaVersion: 2, mediaType: OCI_INDEX, manifests: [CHILD] };

const read = (document: unknown, contentType?: string) =>
  readManifest(utf8(typeof document === 'string' ? document : JSON.stringify(document)), contentType, 'app:v1');
const codeOf = async (document: unknown, contentType?: string) => (await caught(() => read(document, contentType))).code;

describe('reads', () => {
  test('an image, with everything that is known of its parts', () => {
    const layer = { ...LAYER, annotations: { a: 'b' }, urls: ['https://example.com/l'], artifactType: 'application/x' };
    const bytes = utf8(JSON.stringify({ ...IMAGE, layers: [layer], artifactType: 'application/y', subject: CHILD, annotations: { c: 'd' }, unknown: [1] }));
    const stored = readManifest(bytes, OCI_MANIFEST, 'x');
    expect(stored.descriptor).toEqual({ mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.length });
    expect(stored.bytes).toBe(bytes);
    expect(stored.manifest).toEqual({
      kind: 'image',
      mediaType: OCI_MANIFEST,
      artifactType: 'application/y',
      subject: CHILD,
      annotations: { c: 'd' },
      config: CONFIG,
      layers: [layer],
    });
  });

  test('an index, with platforms', () => {
    const platform = { os: 'linux', architecture: 'arm64', variant: 'v8', 'os.version': '1', 'os.features': ['x'] };
    const { manifest } = read({ ...INDEX, manifests: [{ ...CHILD, platform }, { ...CHILD, platform: {} }, CHILD] });
    expect((manifest as ImageIndex).manifests).toEqual([
      { ...CHILD, platform: { os: 'linux', architecture: 'arm64', variant: 'v8', osVersion: '1' } },
      { ...CHILD, platform: { os: '', architecture: '' } },
      CHILD,
    ]);
  });

  const { mediaType: _, ...untypedImage } = IMAGE;
  const { mediaType: __, ...untypedIndex } = INDEX;
  const DOCKER = {
    schemaVersion: 2,
    mediaType: DOCKER_MANIFEST,
    config: { ...CONFIG, mediaType: DOCKER_CONFIG },
    layers: [{ ...LAYER, mediaType: DOCKER_LAYER_GZIP }],
  };
  test.each([
    ['an image that says its type', IMAGE, OCI_MANIFEST, OCI_MANIFEST],
    ['an image sent without a type', IMAGE, undefined, OCI_MANIFEST],
    ['an image that leaves its type to the answer', untypedImage, OCI_MANIFEST, OCI_MANIFEST],
    ['an image of Docker that does', untypedImage, DOCKER_MANIFEST, DOCKER_MANIFEST],
    ['an image without any type', untypedImage, undefined, OCI_MANIFEST],
    ['an image of Docker', DOCKER, DOCKER_MANIFEST, DOCKER_MANIFEST],
    ['an index that leaves its type to the answer', untypedIndex, OCI_INDEX, OCI_INDEX],
    ['a list of Docker', { ...INDEX, mediaType: DOCKER_INDEX }, DOCKER_INDEX, DOCKER_INDEX],
    ['an index without any type', untypedIndex, undefined, OCI_INDEX],
    ['an index of nothing', { ...INDEX, manifests: [] }, OCI_INDEX, OCI_INDEX],
    ['an index whose list is null, as Go writes it', { ...INDEX, manifests: null }, OCI_INDEX, OCI_INDEX],
    ['an index whose list is null, by the type of the answer', { schemaVersion: 2, manifests: null }, OCI_INDEX, OCI_INDEX],
    ['a type with a parameter, in upper case', IMAGE, `${OCI_MANIFEST.toUpperCase()}; charset=utf-8`, OCI_MANIFEST],
    ['an image from a store that knows only JSON', IMAGE, 'application/json', OCI_MANIFEST],
    ['an image from a store of files', IMAGE, 'application/octet-stream', OCI_MANIFEST],
    ['an image as text', IMAGE, 'text/plain; charset=utf-8', OCI_MANIFEST],
    ['an image without layers', { ...IMAGE, layers: [] }, undefined, OCI_MANIFEST],
    ['an image whose layers are null', { ...IMAGE, layers: null }, undefined, OCI_MANIFEST],
    ['an image whose subject and annotations are null', { ...IMAGE, subject: null, annotations: null }, undefined, OCI_MANIFEST],
    ['an empty type', { ...IMAGE, mediaType: '' }, OCI_MANIFEST, OCI_MANIFEST],
  ])('%s', (_name, document, contentType, expected) => {
    expect(read(document, contentType).manifest.mediaType).toBe(expected);
  });

  test('annotations with names that mean something to JavaScript', () => {
    const { manifest } = read('{"schemaVersion":2,"manifests":[],"annotations":{"__proto__":"p","constructor":"c","toString":"t"}}');
    expect(Object.entries(manifest.annotations)).toEqual([
      ['__proto__', 'p'],
      ['constructor', 'c'],
      ['toString', 't'],
    ]);
    expect(Object.getPrototypeOf(manifest.annotations)).toBe(Object.prototype);
  });

  test('ten thousand layers', () => {
    expect(read({ ...IMAGE, layers: Array.from({ length: 10_000 }, () => LAYER) }).manifest).toMatchObject({ kind: 'image' });
  });
});

describe('what it says of its type', () => {
  test.each([
    [{ ...IMAGE, artifactType: 'application/x' }, 'application/x'],
    [{ ...IMAGE, artifactType: '' }, OCI_CONFIG],
    [IMAGE, OCI_CONFIG],
    [{ ...INDEX, artifactType: 'application/x' }, 'application/x'],
    [INDEX, OCI_INDEX],
  ])('%#: %j', (document, expected) => {
    expect(artifactTypeOf(read(document).manifest)).toBe(expected);
  });
});

describe('refuses', () => {
  const image = JSON.stringify(IMAGE);
  test.each<[name: string, document: unknown, code: string, contentType?: string]>([
    ['both an image and an index', { ...IMAGE, manifests: [] }, 'OCI_MANIFEST'],
    ['an index with a configuration', { ...INDEX, config: CONFIG }, 'OCI_MANIFEST'],
    ['an index with layers', { ...INDEX, layers: [] }, 'OCI_MANIFEST'],
    ['an image with what Go reads as manifests', { ...IMAGE, Manifests: [CHILD] }, 'OCI_MANIFEST'],
    ['an image with other layers for Go', { ...IMAGE, LAYERS: [CHILD] }, 'OCI_MANIFEST'],
    ['a subject that only Go sees', { ...IMAGE, '\u017fubject': CHILD }, 'OCI_MANIFEST'],
    ['a layer with another digest for Go', { ...IMAGE, layers: [{ ...LAYER, Digest: D('9') }] }, 'OCI_MANIFEST'],
    ['an image sent as an index', IMAGE, 'OCI_CONTENT_TYPE', OCI_INDEX],
    ['an index sent as an image', INDEX, 'OCI_CONTENT_TYPE', OCI_MANIFEST],
    ['an image sent as one of Docker', IMAGE, 'OCI_CONTENT_TYPE', DOCKER_MANIFEST],
    ['an image that says it is an index', { ...IMAGE, mediaType: OCI_INDEX }, 'OCI_CONTENT_TYPE'],
    ['an index that says it is an image', { ...INDEX, mediaType: OCI_MANIFEST }, 'OCI_CONTENT_TYPE'],
    ['an untyped image sent as an index', { schemaVersion: 2, config: CONFIG, layers: [] }, 'OCI_CONTENT_TYPE', OCI_INDEX],
    ['an untyped index sent as an image', { schemaVersion: 2, manifests: [] }, 'OCI_CONTENT_TYPE', OCI_MANIFEST],
    ['a type of its own', { ...IMAGE, mediaType: 'application/vnd.example+json' }, 'OCI_CONTENT_TYPE'],
    ['a type in upper case', { ...IMAGE, mediaType: OCI_MANIFEST.toUpperCase() }, 'OCI_CONTENT_TYPE'],
    ['a page', IMAGE, 'OCI_CONTENT_TYPE', 'text/html'],
    ["Docker's first schema", { schemaVersion: 1, fsLayers: [] }, 'OCI_CONTENT_TYPE', 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
    ["Docker's first schema, untyped", { schemaVersion: 1, fsLayers: [] }, 'OCI_MANIFEST'],
    ['no schema version', { config: CONFIG, layers: [] }, 'OCI_MANIFEST'],
    ['another schema version', { ...IMAGE, schemaVersion: 3 }, 'OCI_MANIFEST'],
    ['nothing of an image', { schemaVersion: 2 }, 'OCI_MANIFEST'],
    ['an image without a configuration', { schemaVersion: 2, layers: [] }, 'OCI_MANIFEST'],
    ['a configuration of null', { ...IMAGE, config: null }, 'OCI_MANIFEST'],
    ['layers that are an object', { ...IMAGE, layers: {} }, 'OCI_MANIFEST'],
    ['a layer that is text', { ...IMAGE, layers: ['x'] }, 'OCI_MANIFEST'],
    ['manifests that are text', { ...INDEX, manifests: 'x' }, 'OCI_MANIFEST'],
    ['a subject that is text', { ...IMAGE, subject: 'x' }, 'OCI_MANIFEST'],
    ['annotations that are a list', { ...IMAGE, annotations: [] }, 'OCI_MANIFEST'],
    ['an annotation that is a number', { ...IMAGE, annotations: { a: 1 } }, 'OCI_MANIFEST'],
    ['a layer without a type', { ...IMAGE, layers: [{ digest: D('1'), size: 1 }] }, 'OCI_MANIFEST'],
    ['a layer without a digest', { ...IMAGE, layers: [{ mediaType: 'x', size: 1 }] }, 'OCI_MANIFEST'],
    ['a digest that is none', { ...IMAGE, layers: [{ ...LAYER, digest: 'sha256:../../etc/passwd' }] }, 'OCI_DIGEST'],
    ['a digest in upper case', { ...IMAGE, layers: [{ ...LAYER, digest: `sha256:${'A'.repeat(64)}` }] }, 'OCI_DIGEST'],
    ['a layer without a size', { ...IMAGE, layers: [{ mediaType: 'x', digest: D('1') }] }, 'OCI_MANIFEST'],
    ['a size below nothing', { ...IMAGE, layers: [{ ...LAYER, size: -1 }] }, 'OCI_MANIFEST'],
    ['half a byte', { ...IMAGE, layers: [{ ...LAYER, size: 0.5 }] }, 'OCI_MANIFEST'],
    ['a size as text', { ...IMAGE, layers: [{ ...LAYER, size: '22' }] }, 'OCI_MANIFEST'],
    ['a size that no double holds', image.replace('"size":22', '"size":9007199254740993'), 'OCI_MANIFEST'],
    ['a size that no integer holds', image.replace('"size":22', `"size":1${'0'.repeat(30)}`), 'OCI_MANIFEST'],
    ['a size without an end', image.replace('"size":22', '"size":1e999'), 'OCI_MANIFEST'],
    ['urls that are text', { ...IMAGE, layers: [{ ...LAYER, urls: 'https://example.com' }] }, 'OCI_MANIFEST'],
    ['a URL that is an object', { ...IMAGE, layers: [{ ...LAYER, urls: [{}] }] }, 'OCI_MANIFEST'],
    ['a platform that is text', { ...INDEX, manifests: [{ ...CHILD, platform: 'linux/amd64' }] }, 'OCI_MANIFEST'],
    ['an operating system that is a number', { ...INDEX, manifests: [{ ...CHILD, platform: { os: 1 } }] }, 'OCI_MANIFEST'],
    ['10,001 layers', { ...IMAGE, layers: Array.from({ length: 10_001 }, () => LAYER) }, 'OCI_LIMIT'],
    ['10,001 manifests', { ...INDEX, manifests: Array.from({ length: 10_001 }, () => CHILD) }, 'OCI_LIMIT'],
    ['a member twice', image.replace('"layers"', '"config":null,"layers"'), 'OCI_MANIFEST'],
    ['a member of a layer twice', image.replace('"size":22', '"size":22,"size":23'), 'OCI_MANIFEST'],
    ['a member twice, once with an escape', image.replace('"layers"', '"\\u0063onfig":null,"layers"'), 'OCI_MANIFEST'],
    ['a nesting bomb', image.replace(/\}$/, `,"deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`), 'OCI_MANIFEST'],
    ['a nesting bomb in a layer', image.replace('"size":22', `"size":22,"x":${'{"x":'.repeat(50_000)}1${'}'.repeat(50_000)}`), 'OCI_MANIFEST'],
    ['nothing', '', 'OCI_MANIFEST'],
    ['a list', '[]', 'OCI_MANIFEST'],
    ['null', 'null', 'OCI_MANIFEST'],
    ['two documents', `${image}${image}`, 'OCI_MANIFEST'],
    ['a page that is sent as JSON', '<html>', 'OCI_MANIFEST', 'application/json'],
  ])('%s', async (_, document, code, contentType) => {
    expect(await codeOf(document, contentType)).toBe(code);
  });

  test('bytes that are not UTF-8', async () => {
    const bytes = Buffer.concat([utf8('{"schemaVersion":2,"manifests":[],"x":"'), Uint8Array.of(0xff), utf8('"}')]);
    expect((await caught(() => readManifest(bytes, undefined, 'x'))).code).toBe('OCI_MANIFEST');
  });

  test.each(hostileJson.map(({ name, bytes }) => [name, bytes] as const))('JSON that is hostile: %s', async (_, bytes) => {
    const error = await caught(() => readManifest(bytes, undefined, 'x'));
    expect(error.code).toMatch(/^OCI_/);
  });

  test('every truncation', async () => {
    const bytes = utf8(JSON.stringify({ ...IMAGE, subject: CHILD, annotations: { a: 'b' } }));
    for (let length = 0; length < bytes.length; length += 1) {
      expect((await caught(() => readManifest(bytes.subarray(0, length), OCI_MANIFEST, 'x'))).code).toBe('OCI_MANIFEST');
    }
  });

  test('every flipped bit, or it is another digest', async () => {
    const bytes = utf8(JSON.stringify({ ...IMAGE, subject: CHILD, annotations: { a: 'b' } }));
    const digest = digestOf(bytes);
    for (let at = 0; at < bytes.length * 8; at += 1) {
      const flipped = bytes.slice();
      flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
      try {
        expect(readManifest(flipped, OCI_MANIFEST, 'x').descriptor.digest).not.toBe(digest);
      } catch (error) {
        expect(error).toMatchObject({ code: expect.stringMatching(/^OCI_(?:MANIFEST|DIGEST|CONTENT_TYPE)$/) });
      }
    }
  });

  test('with the place in the message, and hostile text escaped', async () => {
    const { message } = await caught(() => read({ ...INDEX, manifests: [CHILD, { ...CHILD, size: 'x' }] }));
    expect(message).toBe('app:v1: manifests[1].size: expected a number');
    const { found } = await caught(() => read({ ...IMAGE, mediaType: '\u001b[2J' }));
    expect(found).toBe('\\u001b[2J');
  });
});

describe('what is written', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 12 });
  const annotations = fc.dictionary(text, text, { maxKeys: 4 });
  const digest = fc.stringMatching(/^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/) as fc.Arbitrary<Digest>;
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
  const platform = fc.record({ os: text, architecture: text, variant: name, osVersion: name }, { requiredKeys: ['os', 'architecture'] });
  const descriptor: fc.Arbitrary<Descriptor> = fc
    .record(
      {
        mediaType: name,
        digest,
        size: fc.maxSafeNat(),
        annotations: annotations.filter((one) => Object.keys(one).length > 0),
        artifactType: name,
        platform,
        urls: fc.array(text, { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: ['mediaType', 'digest', 'size'] },
    )
    .map((made) => made as Descriptor);
  const common = { annotations, subject: fc.option(descriptor, { nil: undefined }), artifactType: fc.option(name, { nil: undefined }) };

  test('an image reads as it was', () => {
    const image = fc.record({
      ...common,
      mediaType: fc.constantFrom(OCI_MANIFEST, DOCKER_MANIFEST),
      config: descriptor,
      layers: fc.array(descriptor, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(image, (content) => {
        const { manifest } = readManifest(encodeImage(content), content.mediaType, 'x');
        expect(plain(manifest)).toEqual(plain({ kind: 'image', ...content }));
        expect(encodeImage(manifest as ImageManifest)).toEqual(encodeImage(content));
      }),
    );
  });

  test('an index reads as it was', () => {
    const index = fc.record({ ...common, mediaType: fc.constantFrom(OCI_INDEX, DOCKER_INDEX), manifests: fc.array(descriptor, { maxLength: 3 }) });
    fc.assert(
      fc.property(index, (content) => {
        const { manifest } = readManifest(encodeIndex(content), undefined, 'x');
        expect(plain(manifest)).toEqual(plain({ kind: 'index', ...content }));
        expect(encodeIndex(manifest as ImageIndex)).toEqual(encodeIndex(content));
      }),
    );
  });

  /** Without prototypes and without what is undefined. */
  function plain(value: unknown): unknown {
    return JSON.parse(JSON.stringify(value));
  }

  test('has its members where Go has them, and annotations by their bytes', () => {
    const annotated = { ...LAYER, urls: ['u'], annotations: { b: '<', a: '2', '\u{1f600}': '3', '\uffff': '4' } };
    expect(
      new TextDecoder().decode(encodeImage({ mediaType: OCI_MANIFEST, config: CONFIG, layers: [annotated], subject: CHILD, annotations: { z: '1', y: '2' } })),
    ).toBe(
      `{"schemaVersion":2,"mediaType":"${OCI_MANIFEST}","config":{"mediaType":"${OCI_CONFIG}","size":11,"digest":"${D('1')}"},` +
        `"layers":[{"mediaType":"${OCI_LAYER_GZIP}","size":22,"digest":"${D('2')}","urls":["u"],` +
        `"annotations":{"a":"2","b":"\\u003c","\uffff":"4","\u{1f600}":"3"}}],` +
        `"subject":{"mediaType":"${OCI_MANIFEST}","size":33,"digest":"${D('3')}"},"annotations":{"y":"2","z":"1"}}`,
    );
  });

  test('leaves out what is empty', () => {
    expect(new TextDecoder().decode(encodeIndex({ mediaType: OCI_INDEX, manifests: [], annotations: {} }))).toBe(
      `{"schemaVersion":2,"mediaType":"${OCI_INDEX}","manifests":[]}`,
    );
  });
});
