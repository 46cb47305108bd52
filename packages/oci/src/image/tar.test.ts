import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect, inPieces, tarOf } from '../../test/archives.ts';
import { type NewEntry, readTar, writeTar } from './tar.ts';

const written = (entries: readonly NewEntry[]): Promise<Buffer> => collect(writeTar(each(entries)));

async function* each<T>(items: readonly T[]): AsyncGenerator<T, void, void> {
  yield* items;
}

async function listed(tar: Uint8Array, pieceBytes = 512) {
  const entries = [];
  for await (const { header, offset, content } of readTar(inPieces(tar, pieceBytes), 'test')) {
    entries.push({ ...header, offset, body: (await collect(content)).toString() });
  }
  return entries;
}

const file = (name: string, body: string): NewEntry => ({ header: { name, size: Buffer.byteLength(body) }, content: inPieces(Buffer.from(body), 3) });

describe('reading', () => {
  test('says where contents are', async () => {
    const tar = await tarOf(['a', { name: 'x'.repeat(300), body: 'long name' }]);
    const entries = await listed(tar);
    expect(entries.map(({ offset, size }) => tar.subarray(offset, offset + size).toString())).toEqual(['a', 'long name']);
  });

  test('skips what nobody reads', async () => {
    const names: string[] = [];
    for await (const { header } of readTar(inPieces(await tarOf(['a', { name: 'b', body: 'x'.repeat(5000) }, 'c']), 100), 'test')) names.push(header.name);
    expect(names).toEqual(['a', 'b', 'c']);
  });

  test('every cut of an archive is an error', async () => {
    const tar = await tarOf(['a', { name: 'b', body: 'x'.repeat(1500) }]);
    for (let length = 1; length < tar.length - 1024; length += 97) {
      if (length % 512 === 0) continue; // between two entries nothing is missing that a reader could know of
      await expect(listed(tar.subarray(0, length)), `cut at ${length}`).rejects.toMatchObject({ code: 'OCI_LAYER' });
    }
  });

  test('every changed byte of a header is noticed, but for the end of its checksum', async () => {
    const tar = await tarOf([{ name: 'a', body: 'body' }]);
    for (let at = 0; at < 512; at += 1) {
      if (at === 154 || at === 155) continue;
      const changed = Buffer.from(tar);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(listed(changed), `byte ${at}`).rejects.toMatchObject({ code: 'OCI_LAYER' });
    }
  });

  test.each([
    ['text', Promise.resolve(Buffer.from('this is no tar'.repeat(100)))],
    ['a name that holds a NUL', tarOf([{ name: `${'x'.repeat(120)}\0b`, body: '' }])],
  ])('refuses %s', async (_, bytes) => {
    await expect(listed(await bytes)).rejects.toMatchObject({ code: 'OCI_LAYER' });
  });

  test('an error of the source comes out as it is', async () => {
    const broken = new Error('the source broke');
    const read = async () => {
      for await (const { content } of readTar(failing(await tarOf(['a']), broken), 'test')) await collect(content);
    };
    await expect(read()).rejects.toBe(broken);
  });
});

describe('writing', () => {
  test.each([
    ['ids beyond 18 bits', { uid: 3_000_000, gid: 4_000_000 }, { pax: { uid: '3000000', gid: '4000000' } }],
    ['times after 2038', { mtime: new Date('2050-01-01T00:00:00Z') }, { pax: { mtime: '2524608000' } }],
    ['times before 1970', { mtime: new Date('1960-01-01T00:00:00Z') }, { pax: { mtime: '-315619200' } }],
    ['names that are not ASCII', { name: 'ü/☺' }, { name: 'ü/☺' }],
    ['long names', { name: `${'x'.repeat(120)}/${'y'.repeat(200)}` }, { name: `${'x'.repeat(120)}/${'y'.repeat(200)}` }],
    ['long links', { type: 'symlink', linkname: 'z'.repeat(300) }, { type: 'symlink', linkname: 'z'.repeat(300) }],
  ] as const)('keeps %s', async (_, header, expected) => {
    const [entry] = await listed(await written([{ header: { name: 'a', size: 0, ...header } }]));
    expect(entry).toMatchObject(expected);
  });

  test('what is shorter than announced is an error', async () => {
    await expect(written([{ header: { name: 'a', size: 10 }, content: inPieces(Buffer.from('short'), 2) }])).rejects.toThrow('Size mismatch');
  });

  test('an error of a content comes out as it is', async () => {
    const broken = new Error('the content broke');
    await expect(written([{ header: { name: 'a', size: 10 }, content: failing(Buffer.from('short'), broken) }])).rejects.toBe(broken);
  });

  test('what is written is read again', async () => {
    const entry = fc.record({ name: fc.stringMatching(/^[a-zü/.]{1,150}$/), body: fc.string({ maxLength: 2000 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 6 }), fc.integer({ min: 1, max: 2000 }), async (entries, pieceBytes) => {
        const files = entries.filter(({ name }) => !name.endsWith('/'));
        const tar = await written(files.map(({ name, body }) => file(name, body)));
        expect((await listed(tar, pieceBytes)).map(({ name, body }) => ({ name, body }))).toEqual(files);
      }),
      { numRuns: 60 },
    );
  });
});

async function* failing(bytes: Uint8Array, error: Error): AsyncGenerator<Uint8Array, void, void> {
  yield bytes.subarray(0, 300);
  throw error;
}
