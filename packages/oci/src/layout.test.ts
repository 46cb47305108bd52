import { type ChildProcess, spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { utf8 } from '@assay/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { caught } from '../../net/test/caught.ts';
import { temporaryFolder } from '../../net/test/temporary-folder.ts';
import { drained } from '../test/open-registry.ts';
import { type Digest, digestOf, hexOf } from './digest.ts';
import { encodeImage, encodeIndex } from './encode.ts';
import { Layout, REF_NAME } from './layout.ts';
import type { Descriptor } from './manifest.ts';
import { DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST } from './media-types.ts';
import { sourceOf } from './store.ts';

const MARKER = '{"imageLayoutVersion":"1.0.0"}';
const NOWHERE: Digest = `sha256:${'0'.repeat(64)}`;

function descriptorOf(bytes: Uint8Array, mediaType = OCI_LAYER): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

/** A folder with these files. */
function folderOf(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const layoutOf = (index: object, blobs: readonly Uint8Array[] = []): Layout =>
  Layout.open(
    folderOf({
      'oci-layout': MARKER,
      'index.json': JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, ...index }),
      ...Object.fromEntries(blobs.map((bytes) => [`blobs/sha256/${hexOf(digestOf(bytes))}`, bytes])),
    }),
  );

/** A whole image in a layout. */
async function putImage(layout: Layout, tag: string | undefined, note = ''): Promise<{ image: Digest; layer: Descriptor; bytes: Uint8Array }> {
  const config = utf8('{}');
  const content = utf8(`a layer ${note}`);
  const layer = descriptorOf(content);
  await layout.putBlob(descriptorOf(config, OCI_CONFIG), sourceOf(config));
  await layout.putBlob(layer, sourceOf(content));
  const bytes = encodeImage({ mediaType: OCI_MANIFEST, config: descriptorOf(config, OCI_CONFIG), layers: [layer] });
  return { image: await layout.putManifest({ bytes, mediaType: OCI_MANIFEST, tag }), layer, bytes };
}

describe('a new layout', () => {
  test('is what the specification has', () => {
    const { folder } = Layout.openOrCreate(join(temporaryFolder(), 'a/b'));
    expect(readFileSync(join(folder, 'oci-layout'), 'utf8')).toBe(MARKER);
    expect(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8'))).toEqual({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [] });
    expect(readdirSync(join(folder, 'blobs'))).toEqual(['sha256']);
  });

  test('is not made anew when it is there', async () => {
    const { folder } = Layout.openOrCreate(temporaryFolder());
    await putImage(Layout.open(folder), 'v1');
    expect(await Layout.openOrCreate(folder).tags()).toEqual(['v1']);
  });
});

describe('what was put is read', () => {
  test('by tag and by digest, and listed by tag', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    const { image, layer, bytes } = await putImage(layout, 'v1');
    for (const target of ['v1', image]) {
      expect(await layout.manifest(target)).toMatchObject({ descriptor: { digest: image, mediaType: OCI_MANIFEST, size: bytes.length } });
      expect(await layout.resolve(target)).toEqual({ digest: image, mediaType: OCI_MANIFEST, size: bytes.length });
    }
    expect(await layout.readBlob(layer, 100)).toEqual(utf8('a layer '));
    expect(String(await drained(layout.blob(layer)))).toBe('a layer ');
    expect([await layout.tags(), await layout.hasBlob(layer), await layout.hasManifest(image)]).toEqual([['v1'], true, true]);
    expect(layout.name).toBe(layout.folder);
  });

  test('without a tag by digest alone', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    const { image } = await putImage(layout, undefined);
    expect([layout.entries(), (await layout.manifest(image))?.descriptor.digest]).toEqual([[], image]);
  });

  test('a tag that is put again leads to the new one', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    await putImage(layout, 'v1', 'old');
    const { image } = await putImage(layout, 'v1', 'new');
    expect([(await layout.resolve('v1'))?.digest, layout.entries().length]).toEqual([image, 1]);
  });

  test('by the type of its entry, when it says none itself', async () => {
    const bytes = utf8(JSON.stringify({ schemaVersion: 2, config: descriptorOf(utf8('{}')), layers: [] }));
    const layout = layoutOf({ manifests: [{ ...descriptorOf(bytes, DOCKER_MANIFEST), annotations: { [REF_NAME]: 'v1' } }] }, [bytes]);
    expect((await layout.manifest('v1'))?.descriptor.mediaType).toBe(DOCKER_MANIFEST);
  });

  test.each([
    ['without annotations, by digest', {}, {}, 1],
    ['with the same annotations', { kind: 'a', b: 'c' }, { kind: 'a', b: 'c' }, 1],
    ['with the same annotations in another order', { kind: 'a', b: 'c' }, { b: 'c', kind: 'a' }, 1],
    ['with others', { kind: 'a' }, { kind: 'b' }, 2],
  ])('an entry %s', (_, first, second, count) => {
    const layout = Layout.openOrCreate(temporaryFolder());
    for (const annotations of [first, second]) layout.addEntry({ mediaType: OCI_MANIFEST, digest: NOWHERE, size: 1, annotations });
    expect(layout.entries()).toHaveLength(count);
  });
});

describe('what is not there', () => {
  test('is undefined for a manifest, and an error for a blob', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    expect([await layout.manifest('v1'), await layout.manifest(NOWHERE), await layout.resolve(NOWHERE)]).toEqual([undefined, undefined, undefined]);
    const blob = { mediaType: 'x', digest: NOWHERE, size: 1 };
    expect([await layout.hasBlob(blob), await layout.hasManifest(NOWHERE)]).toEqual([false, false]);
    expect((await caught(layout.readBlob(blob, 10))).code).toBe('OCI_NOT_FOUND');
    expect((await caught(async () => drained(layout.blob(blob)))).code).toBe('OCI_NOT_FOUND');
  });

  test('is a folder of the name of a blob', async () => {
    const { folder } = Layout.openOrCreate(temporaryFolder());
    mkdirSync(join(folder, 'blobs/sha256', hexOf(NOWHERE)));
    expect((await caught(async () => drained(Layout.open(folder).blob({ mediaType: 'x', digest: NOWHERE, size: 1 })))).code).toBe('OCI_NOT_FOUND');
  });
});

describe('a hostile layout', () => {
  test.each<[string, Record<string, string>, string]>([
    ['an empty folder', {}, 'OCI_LAYOUT'],
    ['an index alone', { 'index.json': '{}' }, 'OCI_LAYOUT'],
    ['a marker that is no JSON', { 'oci-layout': 'x' }, 'OCI_LAYOUT'],
    ['a marker that is empty', { 'oci-layout': '' }, 'OCI_LAYOUT'],
    ['a marker without a version', { 'oci-layout': '{}' }, 'OCI_LAYOUT'],
    ['a marker of another version', { 'oci-layout': '{"imageLayoutVersion":"2.0.0"}' }, 'OCI_LAYOUT'],
    ['a marker of two versions', { 'oci-layout': '{"imageLayoutVersion":"2.0.0","imageLayoutVersion":"1.0.0"}' }, 'OCI_LAYOUT'],
    ['a marker that is much too large', { 'oci-layout': `${MARKER}${' '.repeat(5000)}` }, 'FILE_TOO_LARGE'],
  ])('%s is not opened', async (_, files, code) => {
    expect((await caught(() => Layout.open(folderOf(files)))).code).toBe(code);
  });

  const entry = { mediaType: OCI_MANIFEST, digest: NOWHERE, size: 1 };
  test.each<[string, object | string | undefined, string]>([
    ['no index', undefined, 'FILE_NOT_FOUND'],
    ['an index that is no JSON', 'x', 'OCI_MANIFEST'],
    ['an index that is an image', { mediaType: OCI_MANIFEST, config: entry, layers: [] }, 'OCI_CONTENT_TYPE'],
    ['an index that is both', { manifests: [], layers: [] }, 'OCI_MANIFEST'],
    ['a path as a digest', { manifests: [{ ...entry, digest: '../../../etc/passwd' }] }, 'OCI_DIGEST'],
    ['a path behind an algorithm', { manifests: [{ ...entry, digest: 'sha256:../../../../etc/passwd' }] }, 'OCI_DIGEST'],
    ['a path as an algorithm', { manifests: [{ ...entry, digest: `../..:${'0'.repeat(64)}` }] }, 'OCI_DIGEST'],
    ['an absolute path', { manifests: [{ ...entry, digest: '/etc/passwd' }] }, 'OCI_DIGEST'],
    ['a NUL in a digest', { manifests: [{ ...entry, digest: `sha256:${'0'.repeat(63)}\0` }] }, 'OCI_DIGEST'],
    ['10,001 entries', { manifests: Array.from({ length: 10_001 }, () => entry) }, 'OCI_LIMIT'],
    ['more than 4 MiB', { manifests: [], annotations: { a: 'x'.repeat(4 * 1024 * 1024) } }, 'FILE_TOO_LARGE'],
  ])('%s', async (_, index, code) => {
    const json = typeof index === 'object' ? JSON.stringify({ schemaVersion: 2, ...index }) : index;
    const layout = Layout.open(folderOf({ 'oci-layout': MARKER, ...(json !== undefined && { 'index.json': json }) }));
    expect((await caught(() => layout.entries())).code).toBe(code);
    expect((await caught(layout.manifest('v1'))).code).toBe(code);
    expect((await caught(layout.tags())).code).toBe(code);
  });

  const image = encodeImage({ mediaType: OCI_MANIFEST, config: descriptorOf(utf8('{}'), OCI_CONFIG), layers: [] });
  const other = encodeImage({ mediaType: OCI_MANIFEST, config: descriptorOf(utf8('other'), OCI_CONFIG), layers: [] });
  const withFile = (digest: Digest, bytes: Uint8Array): Layout => {
    const index = { schemaVersion: 2, manifests: [{ ...descriptorOf(image, OCI_MANIFEST), digest, annotations: { [REF_NAME]: 'v1' } }] };
    return Layout.open(folderOf({ 'oci-layout': MARKER, 'index.json': JSON.stringify(index), [`blobs/sha256/${hexOf(digest)}`]: bytes }));
  };

  test.each<[string, Uint8Array, string]>([
    ['another manifest under its digest', other, 'OCI_DIGEST_MISMATCH'],
    ['half a manifest', image.subarray(0, 50), 'OCI_DIGEST_MISMATCH'],
    ['an empty file', new Uint8Array(0), 'OCI_DIGEST_MISMATCH'],
    ['a file that is much too large', new Uint8Array(4 * 1024 * 1024 + 1), 'FILE_TOO_LARGE'],
  ])('%s', async (_, bytes, code) => {
    const layout = withFile(digestOf(image), bytes);
    for (const target of ['v1', digestOf(image)]) expect((await caught(layout.manifest(target))).code).toBe(code);
  });

  test('what is no manifest under its right digest', async () => {
    const bytes = utf8('no manifest');
    expect((await caught(withFile(digestOf(bytes), bytes).manifest('v1'))).code).toBe('OCI_MANIFEST');
  });

  test.each([
    ['other bytes', utf8('a layeR'), 'OCI_DIGEST_MISMATCH'],
    ['more bytes', utf8('a layer!'), 'OCI_SIZE_MISMATCH'],
    ['fewer bytes', utf8('a laye'), 'OCI_SIZE_MISMATCH'],
    ['no bytes', new Uint8Array(0), 'OCI_SIZE_MISMATCH'],
  ])('a blob of %s', async (_, bytes, code) => {
    const blob = descriptorOf(utf8('a layer'));
    const layout = Layout.open(
      folderOf({ 'oci-layout': MARKER, 'index.json': '{"schemaVersion":2,"manifests":[]}', [`blobs/sha256/${hexOf(blob.digest)}`]: bytes }),
    );
    expect((await caught(drained(layout.blob(blob)))).code).toBe(code);
    expect((await caught(layout.readBlob(blob, 100))).code).toBe(code);
  });

  test('a blob that is larger than it may be', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    const { layer } = await putImage(layout, 'v1');
    expect((await caught(layout.readBlob(layer, 3))).code).toMatch(/^(?:OCI_LIMIT|FILE_TOO_LARGE)$/);
  });

  test('a blob that is a link to a secret is no way to read it', async () => {
    const secret = join(folderOf({ secret: 'the secret' }), 'secret');
    const layout = Layout.openOrCreate(temporaryFolder());
    const digest = digestOf(utf8('something'));
    symlinkSync(secret, join(layout.folder, 'blobs/sha256', hexOf(digest)));
    const error = await caught(layout.readBlob({ mediaType: 'x', digest, size: 10 }, 100));
    expect(error.code).toBe('OCI_DIGEST_MISMATCH');
    expect(JSON.stringify([error.message, error.found])).not.toContain('the secret');
  });

  test('hostile annotations are read as what they are', async () => {
    const annotations = { [REF_NAME]: '../../v1\u001b[2J', ['__proto__']: 'x' };
    const layout = layoutOf({ manifests: [{ ...entry, annotations }] });
    expect(await layout.tags()).toEqual(['../../v1\u001b[2J']);
    expect(await layout.manifest('../../v1\u001b[2J')).toBeUndefined();
  });
});

describe('what belongs to an image', () => {
  const subject = descriptorOf(encodeIndex({ mediaType: OCI_INDEX, manifests: [] }), OCI_INDEX);
  const referrer = (artifactType: string, of: Descriptor = subject): Uint8Array =>
    encodeImage({ mediaType: OCI_MANIFEST, artifactType, config: descriptorOf(utf8('{}'), OCI_CONFIG), layers: [], subject: of });

  async function listOf(layout: Layout, artifactType?: string) {
    for await (const list of layout.referrerLists(subject.digest, artifactType === undefined ? {} : { artifactType })) return list;
    throw new Error('no list');
  }

  test('is found among the blobs by its subject', async () => {
    const own = referrer('application/x');
    const foreign = referrer('application/x', { ...subject, digest: NOWHERE });
    const layout = layoutOf({ manifests: [] }, [own, foreign, utf8('{"schemaVersion":'), utf8('{"schemaVersion":2,"something":"else"}'), utf8('\u001f\u008b')]);
    writeFileSync(join(layout.folder, 'blobs/sha256/README'), '{"schemaVersion":2}');
    mkdirSync(join(layout.folder, 'blobs/sha256', 'a'.repeat(64)));
    const { descriptors, says, place } = await listOf(layout);
    expect(descriptors).toEqual([{ ...descriptorOf(own, OCI_MANIFEST), artifactType: 'application/x', annotations: {} }]);
    expect([says, place]).toEqual(['1 with this subject', `manifests in ${layout.folder}`]);
  });

  test('by type, when that is asked for', async () => {
    const layout = layoutOf({ manifests: [] }, [referrer('application/x'), referrer('application/y')]);
    expect((await listOf(layout, 'application/y')).descriptors.map(({ artifactType }) => artifactType)).toEqual(['application/y']);
  });

  test('is found beside a manifest that is not what its name says, which is told', async () => {
    const own = referrer('application/x');
    const layout = layoutOf({ manifests: [] }, [own]);
    writeFileSync(join(layout.folder, 'blobs/sha256', '0'.repeat(64)), referrer('application/y'));
    expect(await listOf(layout)).toMatchObject({ descriptors: [{ digest: digestOf(own) }], problem: { code: 'OCI_DIGEST_MISMATCH' } });
  });

  test('is nothing where there are no blobs', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    rmSync(join(layout.folder, 'blobs'), { recursive: true });
    expect(await listOf(layout)).toMatchObject({ descriptors: [], says: 'none' });
  });
});

describe('writing a blob', () => {
  const bytes = new Uint8Array(100_000).map((_, i) => i % 251);
  const blob = descriptorOf(bytes);
  const stream = (content: Uint8Array) => ({
    size: content.length,
    async *open() {
      for (let at = 0; at < content.length; at += 1000) yield content.subarray(at, at + 1000);
    },
  });
  const filesIn = ({ folder }: Layout): string[] => readdirSync(join(folder, 'blobs/sha256'));

  test.each([
    ['other bytes', bytes.map((byte, i) => (i === 99_999 ? byte ^ 1 : byte)), 'OCI_DIGEST_MISMATCH'],
    ['fewer bytes', bytes.subarray(1), 'OCI_SIZE_MISMATCH'],
    ['more bytes', Buffer.concat([bytes, utf8('x')]), 'OCI_SIZE_MISMATCH'],
  ])('of %s leaves nothing', async (_, content, code) => {
    const layout = Layout.openOrCreate(temporaryFolder());
    expect((await caught(layout.putBlob(blob, stream(content)))).code).toBe(code);
    expect(filesIn(layout)).toEqual([]);
  });

  test('that breaks leaves nothing', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    const broken = {
      size: blob.size,
      async *open() {
        yield bytes.subarray(0, 5000);
        throw new RangeError('the source broke');
      },
    };
    await expect(layout.putBlob(blob, broken)).rejects.toThrow('the source broke');
    expect(filesIn(layout)).toEqual([]);
  });

  test('by a SHA-512 digest', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    const digest: Digest = `sha512:${hash('sha512', bytes, 'hex')}`;
    await layout.putBlob({ ...blob, digest }, stream(bytes));
    expect(existsSync(join(layout.folder, 'blobs/sha512', hexOf(digest)))).toBe(true);
    expect(Buffer.compare(await layout.readBlob({ ...blob, digest }, 200_000), bytes)).toBe(0);
  });

  test('that is there does not read its source', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    await layout.putBlob(blob, stream(bytes));
    const neverOpened = { size: 0, open: () => expect.unreachable('opened') };
    await layout.putBlob(blob, neverOpened);
  });

  test('by many at once, of the same and of others, gives each once and whole', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    const again = Layout.open(layout.folder);
    const others = Array.from({ length: 5 }, (_, i) => utf8(`blob ${i}`));
    await Promise.all([
      ...Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? layout : again).putBlob(blob, stream(bytes))),
      ...others.map((other) => layout.putBlob(descriptorOf(other), stream(other))),
    ]);
    expect(filesIn(layout).toSorted()).toEqual([blob.digest, ...others.map(digestOf)].map(hexOf).toSorted());
    expect(Buffer.compare(await layout.readBlob(blob, 200_000), bytes)).toBe(0);
  });

  test('images by many at once loses no tag', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    const again = Layout.open(layout.folder);
    const tags = Array.from({ length: 12 }, (_, i) => `v${String(i).padStart(2, '0')}`);
    await Promise.all(tags.map((tag, i) => putImage(i % 2 === 0 ? layout : again, tag, tag)));
    expect((await layout.tags()).toSorted()).toEqual(tags);
    expect(readdirSync(layout.folder).toSorted()).toEqual(['blobs', 'index.json', 'oci-layout']);
  });
});

describe('a writer that is killed', () => {
  /** Writes a blob of 1 MB a chunk at a time, says so after each, and waits to be told to go on. */
  const WRITER = `
    import { Layout } from ${JSON.stringify(new URL('./layout.ts', import.meta.url).href)};
    import { once } from 'node:events';
    const [, folder, digest] = process.argv;
    const size = 1_000_000;
    await Layout.openOrCreate(folder).putBlob({ mediaType: 'x', digest, size }, {
      size,
      async *open() {
        for (let at = 0; at < size; at += 100_000) {
          yield new Uint8Array(100_000);
          process.send(at);
          await once(process, 'message');
        }
      },
    });
    process.send('done');
    process.disconnect();
  `;
  const bytes = new Uint8Array(1_000_000);
  const blob = descriptorOf(bytes);

  function startWriter(folder: string): ChildProcess {
    const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, folder, blob.digest], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  }
  const nextMessage = (child: ChildProcess): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const gone = () => reject(new Error('the writer ended'));
      child.once('exit', gone).once('message', (message) => {
        child.off('exit', gone);
        resolve(message);
      });
    });

  test.each([1, 5, 9])('after %i of 10 parts leaves a layout that reads as before, and a second run completes it', async (parts) => {
    const layout = Layout.openOrCreate(temporaryFolder());
    const { image } = await putImage(layout, 'v1');
    const before = readFileSync(join(layout.folder, 'index.json'), 'utf8');
    const child = startWriter(layout.folder);
    for (let i = 1; i < parts; i += 1) {
      await nextMessage(child);
      child.send('on');
    }
    await nextMessage(child);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    expect(readFileSync(join(layout.folder, 'index.json'), 'utf8')).toBe(before);
    const reopened = Layout.open(layout.folder);
    expect([(await reopened.resolve('v1'))?.digest, await reopened.hasBlob(blob)]).toEqual([image, false]);
    for await (const list of reopened.referrerLists(image)) expect(list).toMatchObject({ says: 'none' });
    await reopened.putBlob(blob, sourceOf(bytes));
    expect(await reopened.readBlob(blob, 2_000_000)).toHaveLength(bytes.length);
  });

  test('not at all writes the blob', async () => {
    const layout = Layout.openOrCreate(temporaryFolder());
    const child = startWriter(layout.folder);
    while ((await nextMessage(child)) !== 'done') child.send('on');
    expect(await layout.hasBlob(blob)).toBe(true);
  });
});
