import { describe, expect, test } from 'vitest';
import { collect, contentOf, type Entry, gzipLayer, inPieces, layerOf, tarOf } from '../../test/archives.ts';
import { digestOf, verified } from '../digest.ts';
import { exportFilesystem, layeredEntries } from './filesystem.ts';
import { readTar } from './tar.ts';

/** The layers from the bottom to the top, flattened: `name`, `name -> target`, `name => hard link`, `name/`. */
async function flattened(...layers: readonly (readonly Entry[])[]): Promise<string[]> {
  const made = await Promise.all(layers.map(async (entries) => gzipLayer(await tarOf(entries))));
  const tar = exportFilesystem(
    made.map(({ descriptor }) => descriptor),
    contentOf(...made.map(({ bytes }) => bytes)),
  );
  const names: string[] = [];
  for await (const { header, content } of readTar(tar, 'exported')) {
    const body = (await collect(content)).toString();
    const arrow = header.type === 'link' ? ' => ' : ' -> ';
    names.push(
      header.type === 'directory' ? `${header.name}/` : header.linkname !== '' ? `${header.name}${arrow}${header.linkname}` : `${header.name}: ${body}`,
    );
  }
  return names;
}

describe('layers laid over each other', () => {
  test.each<[string, Entry[][], string[]]>([
    ['the upper layer comes first', [['a'], ['b']], ['b: b', 'a: a']],
    ['a file of an upper layer replaces the lower one', [[{ name: 'a', body: 'old' }], [{ name: 'a', body: 'new' }]], ['a: new']],
    [
      'folders are merged',
      [
        ['d/', 'd/a'],
        ['d/', 'd/b'],
      ],
      ['d/', 'd/b: d/b', 'd/a: d/a'],
    ],
    ['a whiteout hides a file below', [['d/', 'd/a', 'd/b'], ['d/.wh.a']], ['d/', 'd/b: d/b']],
    ['a whiteout hides a folder and all in it', [['d/', 'd/a', 'e'], ['.wh.d']], ['e: e']],
    ['a whiteout holds for all layers below', [['a'], ['b'], ['.wh.a']], ['b: b']],
    ['a file comes back above its whiteout', [['a'], ['.wh.a'], [{ name: 'a', body: 'again' }]], ['a: again']],
    [
      'a whiteout leaves what its own layer has',
      [
        ['d/', 'd/old'],
        ['.wh.d', 'd/', 'd/new'],
      ],
      ['d/', 'd/new: d/new'],
    ],
    [
      'an opaque folder hides what is below',
      [
        ['d/', 'd/a', 'd/s/', 'd/s/b'],
        ['d/', 'd/.wh..wh..opq', 'd/c'],
      ],
      ['d/', 'd/c: d/c'],
    ],
    ['an opaque folder keeps what its own layer has, whatever the order', [['d/a'], ['d/c', 'd/.wh..wh..opq']], ['d/c: d/c']],
    [
      'an opaque root hides everything below',
      [
        ['a', 'd/', 'd/b'],
        ['.wh..wh..opq', 'c'],
      ],
      ['c: c'],
    ],
    [
      'a whiteout that names no file of its folder hides nothing',
      [
        ['d/', 'd/a'],
        ['d/.wh...', 'd/.wh..', 'd/.wh.', '.wh..'],
      ],
      ['d/', 'd/a: d/a'],
    ],
    ['a layer that comes twice is read once', [['a'], ['b'], ['a']], ['a: a', 'b: b']],
    ['a file in place of a folder hides what was in it', [['d/', 'd/a'], ['d']], ['d: d']],
    ['names are cleaned, so that one file has one name', [['./a'], ['a'], ['x/../a']], ['a: x/../a']],
    ['an absolute name is one below the root', [['/etc/passwd']], ['etc/passwd: /etc/passwd']],
    ['nothing lies below a link', [[{ name: 'l', type: 'symlink', linkname: '/etc' }, 'l/passwd']], ['l -> /etc']],
    ['links within the image stay', [['a', { name: 'd/l', type: 'symlink', linkname: '../a' }]], ['a: a', 'd/l -> ../a']],
    ['absolute symbolic links are within the image', [[{ name: 'l', type: 'symlink', linkname: '/usr/lib' }]], ['l -> /usr/lib']],
    ['symbolic links that lead outside are left out', [['a', { name: 'd/l', type: 'symlink', linkname: '../../etc' }]], ['a: a']],
    ['hard links that lead outside are left out', [['a', { name: 'l', type: 'link', linkname: '../etc/shadow' }]], ['a: a']],
    ['hard links have the spelling of their target', [['a', { name: 'l', type: 'link', linkname: '/./a' }]], ['a: a', 'l => a']],
    ['links to drives are left out', [['a', { name: 'l', type: 'symlink', linkname: 'C:\\Windows' }]], ['a: a']],
  ])('%s', async (_, layers, expected) => {
    expect(await flattened(...layers)).toEqual(expected);
  });

  test.each(['../a', 'd/../../a', '..', '\\a', 'C:\\a', 'd\\..\\..\\a'])('refuses the name %s, which leads outside', async (name) => {
    await expect(flattened(['fine', { name, type: 'file', body: 'x' }])).rejects.toMatchObject({
      code: 'OCI_LAYER',
      message: expect.stringContaining('unsafe tar path'),
    });
  });
});

test('owners, modes, times and extended attributes stay', async () => {
  const pax = { 'SCHILY.xattr.security.capability': 'cap', uid: '3000000', mtime: '2222121600.25' };
  const layer = gzipLayer(await tarOf([{ name: './tool', body: 'x', gid: 70_000, mode: 0o4755, uname: 'someone', pax }]));
  const { value } = await readTar(exportFilesystem([layer.descriptor], contentOf(layer.bytes)), 'exported').next();
  expect(value?.header).toMatchObject({ name: 'tool', mode: 0o4755, gid: 70_000, uname: 'someone', pax });
});

test('an artifact of one file that is no layer is that file', async () => {
  const bytes = Buffer.from('chart');
  const descriptor = { mediaType: 'application/vnd.example.thing', digest: digestOf(bytes), size: bytes.length };
  expect((await collect(exportFilesystem([descriptor], contentOf(bytes)))).toString()).toBe('chart');
});

test('a layer that is not what its digest says is an error, not a shorter export', async () => {
  const { descriptor, bytes } = gzipLayer(await tarOf(['a', 'b']));
  const other = Buffer.from(bytes);
  other[other.length - 1] = (other.at(-1) ?? 0) ^ 1;
  const lying = { blob: () => verified(inPieces(other, 7), descriptor, 'layer') };
  await expect(collect(exportFilesystem([descriptor], lying))).rejects.toMatchObject({ code: 'OCI_DIGEST_MISMATCH' });
});

test('a layer without compression is exported too, whatever its type says', async () => {
  const tar = await tarOf(['a']);
  const layer = layerOf(tar, 'application/vnd.oci.image.layer.v1.tar+gzip', digestOf(tar));
  expect((await collect(exportFilesystem([layer.descriptor], contentOf(layer.bytes)))).length).toBeGreaterThan(1024);
});

describe('for those who want what can be read', () => {
  async function entriesOf(bytes: Buffer, from?: Parameters<typeof layeredEntries>[1]): Promise<{ names: string[]; problems: string[] }> {
    const whole = gzipLayer(await tarOf(['below']));
    const layer = layerOf(bytes, 'application/vnd.oci.image.layer.v1.tar', digestOf(bytes));
    const [names, problems]: [string[], string[]] = [[], []];
    const onUnreadable = ({ code }: { code: string }, { digest }: { digest: string }): unknown =>
      problems.push(`${code} ${digest === layer.descriptor.digest}`);
    for await (const { header } of layeredEntries([whole.descriptor, layer.descriptor], from ?? contentOf(whole.bytes, bytes), { onUnreadable }))
      names.push(header.name);
    return { names, problems };
  }

  test('a broken layer is told, and the others are read', async () => {
    const tar = await tarOf(['a', { name: 'large', body: 'x'.repeat(4096) }]);
    expect(await entriesOf(tar.subarray(0, 2048))).toEqual({ names: ['a', 'large', 'below'], problems: ['OCI_LAYER true'] });
  });

  test('an entry that leads outside is told, and its neighbours are read', async () => {
    expect(await entriesOf(await tarOf(['a', '../b', 'c']))).toEqual({ names: ['a', 'c', 'below'], problems: ['OCI_LAYER true'] });
  });

  test('a broken layer that is not what its digest says is an error', async () => {
    const tar = await tarOf(['a', 'b']);
    const lying = { blob: (descriptor: Parameters<typeof verified>[1]) => verified(inPieces(tar.subarray(0, 900), 100), descriptor, 'layer') };
    await expect(entriesOf(tar, lying)).rejects.toMatchObject({ code: 'OCI_SIZE_MISMATCH' });
  });
});
