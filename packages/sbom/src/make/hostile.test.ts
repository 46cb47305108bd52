/** Images made to hurt who reads them. Each ends, within bounds, with what could be read, and says what could not. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { type Digest, verified } from '@assay/oci';
import { appendLayers, buildImage, emptyImage } from '@assay/oci/image';
import { describe, expect, it } from 'vitest';
import { contentOf, type Entry, gzipLayer, inPieces, layerOf, type TestLayer, tarOf } from '../../../oci/test/archives.ts';
import { encodeInventory } from '../documents/encode.ts';
import type { Inventory } from '../inventory.ts';
import { imageSource } from './image-source.ts';
import { makeInventory } from './make.ts';

async function layer(...entries: readonly Entry[]): Promise<TestLayer> {
  return gzipLayer(await tarOf(entries));
}

/** @param layers from the bottom to the top */
async function inventoryOf(layers: readonly TestLayer[], from: Parameters<typeof imageSource>[1] = contentOf(...layers.map(({ bytes }) => bytes))) {
  const added = layers.map(({ descriptor, diffId, bytes }) => ({ descriptor, diffId, content: { size: bytes.length, open: () => inPieces(bytes, 65_536) } }));
  const { stored, content } = buildImage(appendLayers(emptyImage('oci'), added));
  if (stored.manifest.kind !== 'image') throw new TypeError('one image');
  const source = await imageSource(
    { ...stored, manifest: stored.manifest },
    { blob: from.blob.bind(from), readBlob: content.readBlob.bind(content) },
    { name: 'hostile' },
  );
  const inventory = await makeInventory(source);
  return { ...inventory, names: inventory.packages.map(({ name, version }) => `${name} ${version}`), problems: problems(inventory) };
}

function problems({ unreadable }: Inventory): string[] {
  return unreadable.map(({ path, code, message }) => `${path} ${code} ${message}`);
}

const STATUS = 'var/lib/dpkg/status';
const installed = (...names: readonly string[]): Entry => ({ name: STATUS, body: names.map(stanza).join('\n') });
const stanza = (name: string): string =>
  `Package: ${name}\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\nMaintainer: nobody <nobody@example.org>\n`;

/** `bytes` zeros, in a hundredth of a percent of them: the same compressed piece again and again, which is one gzip file all the same (RFC 1952, 2.2). */
function zeros(bytes: number): Buffer {
  const piece = gzipSync(Buffer.alloc(PIECE_BYTES), { level: 9 });
  return Buffer.concat(Array.from({ length: bytes / PIECE_BYTES }, () => piece));
}
const PIECE_BYTES = 2 ** 26;

/** A file of `bytes` zeros behind `entries`. */
async function bomb(name: string, bytes: number, ...entries: readonly Entry[]): Promise<TestLayer> {
  const before = await tarOf(entries);
  const header = (await tarOf([{ name, size: 0, body: '' }])).subarray(0, 512);
  // The size in base 256, as tar has it for what no longer fits into octal digits; then the sum anew, counted with spaces in its place.
  header.fill(0, 124, 136);
  header.writeUInt8(0x80, 124);
  header.writeBigUInt64BE(BigInt(bytes), 128);
  header.write('        ', 148, 'latin1');
  header.write(
    `${[...header]
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  const content = Buffer.concat([gzipSync(before.subarray(0, before.length - 1024)), gzipSync(header), zeros(bytes), gzipSync(Buffer.alloc(1024))]);
  return layerOf(content, 'application/vnd.oci.image.layer.v1.tar+gzip', `sha256:${createHash('sha256').update('not read').digest('hex')}` as Digest);
}

describe('a bomb', () => {
  it('of 10 GiB in 10 MB ends at the cap, and the other layers are read', async () => {
    const large = await bomb('zeros', 10 * 2 ** 30);
    expect(large.bytes.length).toBeLessThan(11_000_000);
    const before = process.memoryUsage().rss;
    const { names, problems } = await inventoryOf([await layer(installed('below')), large]);
    expect(names).toEqual(['below 1']);
    expect(problems).toEqual([expect.stringMatching(/^\/ OCI_LIMIT sha256:[0-9a-f]{64}: \d+ bytes decompress to \d+ and more, the cap is 100 times as many$/)]);
    expect(process.memoryUsage().rss - before).toBeLessThan(512 * 2 ** 20);
  });

  it('that lies as a database of packages is not read into memory', async () => {
    const { names, problems } = await inventoryOf([await layer(installed('below')), await bomb(STATUS, 2 ** 29)]);
    expect(names).toEqual([]);
    expect(problems).toEqual([expect.stringMatching(/^\/var\/lib\/dpkg\/status SBOM_LIMIT /)]);
  });

  it('of many layers ends at the cap of the image', async () => {
    const many: TestLayer[] = [];
    for (let i = 0; i < 8; i += 1) many.push(await bomb(`zeros${i}`, 2 ** 30 - 2 ** 26));
    const { names, problems } = await inventoryOf([...many, await layer(installed('above'))]);
    expect(names).toEqual(['above 1']);
    expect(problems.length).toBeGreaterThan(2);
    expect(problems.every((one) => one.includes('OCI_LIMIT'))).toBe(true);
  });

  it('of one layer a thousand times over is read once', async () => {
    const once = await layer(installed('a'), ...Array.from({ length: 1000 }, (_, i) => `file${i}`));
    expect((await inventoryOf(Array.from({ length: 1000 }, () => once))).names).toEqual(['a 1']);
  });
});

it('reads a layer of 100,000 files', async () => {
  const files = Array.from({ length: 100_000 }, (_, i) => `srv/${i % 317}/${i}`);
  const { names, problems } = await inventoryOf([await layer(...files, installed('a'))]);
  expect({ names, problems }).toEqual({ names: ['a 1'], problems: [] });
});

describe('an archive that climbs out', () => {
  it.each(['../../var/lib/dpkg/status', 'x/../../var/lib/dpkg/status', '\\var\\lib\\dpkg\\status', 'C:\\status', '..'])(
    'names %s, which is told and left out',
    async (name) => {
      const { names, problems } = await inventoryOf([
        await layer({ ...(installed('outside') as object), name, type: 'file' }, { name: 'var/lib/dpkg/status.d/a', body: stanza('a') }),
      ]);
      expect(names).toEqual(['a 1']);
      expect(problems).toEqual([expect.stringMatching(/OCI_LAYER .*unsafe tar path/)]);
    },
  );

  it.each([
    ['a symbolic link to outside', { name: 'var/lib/dpkg', type: 'symlink', linkname: '../../../../etc' }],
    ['a symbolic link to itself', { name: 'var/lib/dpkg', type: 'symlink', linkname: 'dpkg' }],
    ['a hard link to outside', { name: 'var/lib/dpkg/status', type: 'link', linkname: '../../etc/shadow' }],
    ['a device', { name: 'var/lib/dpkg/status', type: 'character-device', devmajor: 1, devminor: 5 }],
    ['a pipe', { name: 'var/lib/dpkg/status', type: 'fifo' }],
  ] as const)('with %s as the database has no packages there', async (_, entry) => {
    const { names } = await inventoryOf([await layer({ name: 'var/lib/dpkg/status.d/a', body: stanza('a') }, entry)]);
    expect(names).toEqual(['a 1']);
  });

  it('with links in a circle ends', async () => {
    const circle: Entry[] = [
      { name: 'a', type: 'symlink', linkname: 'b' },
      { name: 'b', type: 'symlink', linkname: 'a' },
      { name: 'c', type: 'symlink', linkname: '.' },
      { name: 'etc/os-release', type: 'symlink', linkname: 'os-release' },
    ];
    expect((await inventoryOf([await layer(...circle, installed('a'))])).names).toEqual(['a 1']);
  });
});

describe('a layer that is broken', () => {
  const cut = async (): Promise<TestLayer> => {
    const tar = await tarOf([
      { name: 'var/lib/dpkg/status.d/kept', body: stanza('kept') },
      { name: 'large', body: 'x'.repeat(4096) },
    ]);
    return gzipLayer(tar.subarray(0, tar.length - 4096));
  };

  it('in its tar: what stands before is reported, and so are the other layers', async () => {
    const { names, problems } = await inventoryOf([await layer(installed('below')), await cut()]);
    expect(names).toEqual(['below 1', 'kept 1']);
    expect(problems).toEqual([expect.stringMatching(/^\/ OCI_LAYER sha256:[0-9a-f]{64}: unexpected EOF$/)]);
  });

  it('in its compression', async () => {
    const whole = await layer(installed('above'), 'x');
    const bytes = whole.bytes.subarray(0, whole.bytes.length - 12);
    const broken = layerOf(bytes, whole.descriptor.mediaType, whole.diffId);
    const { names, problems } = await inventoryOf([await layer({ name: 'var/lib/dpkg/status.d/below', body: stanza('below') }), broken]);
    expect(names).toContain('below 1');
    expect(problems).toEqual([expect.stringMatching(/^\/ OCI_LAYER .*unexpected EOF$/)]);
  });

  it('and is not what its digest says is an error: its entries must not count', async () => {
    const [good, bad] = [await layer(installed('a'), 'x'), await cut()];
    const blob = () => verified(inPieces(bad.bytes, 512), good.descriptor, 'blob');
    await expect(inventoryOf([good], { blob, readBlob: async () => new Uint8Array(0) })).rejects.toMatchObject({ code: /^OCI_(?:DIGEST|SIZE)_MISMATCH$/ });
  });
});

describe('a database of packages that is corrupt', () => {
  it.each<[string, Entry, RegExp]>([
    ['rpm, no database at all', { name: 'var/lib/rpm/rpmdb.sqlite', body: 'garbage '.repeat(1000) }, /^\/var\/lib\/rpm\/rpmdb\.sqlite SBOM_UNREADABLE /],
    [
      'rpm, only the first page',
      { name: 'var/lib/rpm/rpmdb.sqlite', body: `SQLite format 3\0${'\0'.repeat(4080)}` },
      /^\/var\/lib\/rpm\/rpmdb\.sqlite SBOM_UNREADABLE /,
    ],
    ['rpm, of another make', { name: 'var/lib/rpm/Packages.db', body: 'RpmP'.repeat(4096) }, /^\/var\/lib\/rpm\/Packages\.db SBOM_UNREADABLE /],
    [
      'dpkg, garbage within',
      { name: STATUS, body: `${stanza('first')}\n\0\x01garbage\n\n${stanza('last')}` },
      /^\/var\/lib\/dpkg\/status SBOM_UNREADABLE line \d+ is no field/,
    ],
    [
      'apk, garbage within',
      { name: 'lib/apk/db/installed', body: 'P:first\nV:1\n\ngarbage\n\nP:last\nV:1\n\n' },
      /^\/lib\/apk\/db\/installed SBOM_UNREADABLE /,
    ],
    ['npm, cut off', { name: 'app/node_modules/a/package.json', body: '{"name":"a","ver' }, /^\/app\/node_modules\/a\/package\.json SBOM_UNREADABLE /],
    ['Go, cut off', { name: 'usr/bin/tool', body: elf() }, /^\/usr\/bin\/tool SBOM_UNREADABLE /],
    ['Java, no archive', { name: 'app/a.jar', body: 'PK\x03\x04 and no more' }, /^\/app\/a\.jar SBOM_UNREADABLE /],
  ])('%s: it is named, also by the document, and the rest is reported', async (_, entry, problem) => {
    const inventory = await inventoryOf([await layer({ name: 'var/lib/dpkg/status.d/other', body: stanza('other') }, entry)]);
    expect(inventory.names).toContain('other 1');
    if (typeof entry !== 'string' && entry.body?.includes('first') === true) expect(inventory.names).toEqual(expect.arrayContaining(['first 1', 'last 1']));
    expect(inventory.problems).toEqual(expect.arrayContaining([expect.stringMatching(problem)]));
    for (const format of ['cyclonedx-json', 'spdx-json'] as const) {
      const document = Buffer.from(encodeInventory(inventory, format)).toString();
      expect(document).toContain(inventory.unreadable[0]?.path);
      if (format === 'cyclonedx-json') expect(JSON.parse(document)).toMatchObject({ compositions: [{ aggregate: 'incomplete' }] });
    }
  });
});

/** The head of a 64-bit executable that has its sections where the file has ended. */
function elf(): string {
  const head = Buffer.alloc(64);
  head.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  head.writeUInt16LE(2, 16);
  head.writeBigUInt64LE(4096n, 40);
  head.writeUInt16LE(64, 58);
  head.writeUInt16LE(5, 60);
  return head.toString('latin1');
}

describe('whiteouts', () => {
  const a = { name: 'var/lib/dpkg/status.d/a', body: stanza('a') };
  it.each<[string, Entry[][], string[]]>([
    [
      'a package that an upper layer removes is not there',
      [[a, { ...a, name: 'var/lib/dpkg/status.d/b', body: stanza('b') }], ['var/lib/dpkg/status.d/.wh.a']],
      ['b 1'],
    ],
    ['one that removes its folder', [[a], ['var/lib/.wh.dpkg']], []],
    ['an opaque folder', [[a], ['var/lib/dpkg/status.d/.wh..wh..opq']], []],
    ['one in the same layer hides nothing of it', [[a, 'var/lib/dpkg/status.d/.wh.a']], ['a 1']],
    ['one that names what is outside hides nothing', [[a], ['var/lib/dpkg/.wh...', '.wh...', '.wh..', '../.wh.var']], ['a 1']],
    ['what comes back above is there', [[a], ['var/.wh.lib'], [{ ...a, body: stanza('again') }]], ['again 1']],
    ['a file in place of a folder hides what was in it', [[a], [{ name: 'var/lib/dpkg', type: 'file', body: 'x' }]], []],
    ['a link in place of a folder too', [[a], [{ name: 'var/lib', type: 'symlink', linkname: '/elsewhere' }]], []],
  ])('%s', async (_, layers, expected) => {
    expect((await inventoryOf(await Promise.all(layers.map((entries) => layer(...entries))))).names).toEqual(expected);
  });
});
