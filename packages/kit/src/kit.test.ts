/** Kits by hand: what is written is read back and by other readers of tar; every truncation and every kind of hostile archive is refused. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTrustError, utf8 } from '@assay/core';
import { digestOf, sourceOf } from '@assay/oci';
import { readTar } from '@assay/oci/image';
import { afterAll, describe, expect, test } from 'vitest';
import { writeEntries } from './import-folder.ts';
import { KitFile } from './kit-file.ts';
import { encodeKitManifest, type KitEntry, type KitHead, MANIFEST_PATH } from './manifest.ts';
import { isEntryPath } from './paths.ts';
import type { Piece } from './plan.ts';
import { entryHeader, paddingOf } from './tar-header.ts';
import { writeKit } from './write-kit.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-kit-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const place = (): string => {
  count += 1;
  return join(folder, `${count}.tar`);
};

const HEAD: KitHead = { madeAt: new Date('2026-08-25T00:00:00Z'), madeBy: 'assay test', things: [] };

function piece(content: string | Uint8Array): Piece {
  const bytes = typeof content === 'string' ? utf8(content) : content;
  return { digest: digestOf(bytes), size: bytes.length, open: () => sourceOf(bytes).open() };
}

/** Reads all of it; the code and the message of the first refusal. */
async function refusal(path: string): Promise<string> {
  try {
    const kit = KitFile.open(path);
    try {
      await kit.check({});
    } finally {
      kit.close();
    }
    return 'accepted';
  } catch (error) {
    if (!isTrustError(error)) throw error;
    return `${error.code} ${error.message.replaceAll(path, 'KIT')}`;
  }
}

describe('a kit', () => {
  const LONG = `files/${'n'.repeat(120)}.txt`;
  const pieces = new Map([
    ['files/b.txt', piece('b')],
    ['files/a.txt', piece('a'.repeat(513))],
    ['files/empty', piece('')],
    ['files/grüße.txt', piece('names need not be ASCII')],
    [LONG, piece('names may be long')],
    ['policy/deep/er/policy.yaml', piece('x')],
  ]);

  test('is the same file each time, begins with its list, and is not written over another', async () => {
    const [one, two] = [place(), place()];
    const written = await writeKit(HEAD, pieces, one);
    expect(await writeKit(HEAD, new Map([...pieces].toReversed()), two)).toEqual(written);
    const bytes = readFileSync(one);
    expect(bytes).toEqual(readFileSync(two));
    expect(written).toEqual({ digest: digestOf(bytes), size: bytes.length });
    expect(bytes.toString('latin1', 0, MANIFEST_PATH.length)).toBe(MANIFEST_PATH);
    await expect(writeKit(HEAD, pieces, one)).rejects.toMatchObject({ code: 'OCI_EXISTS' });
    await writeKit(HEAD, pieces, one, { existing: 'replace' });
    expect(await refusal(one)).toBe('accepted');
  });

  test('is read by our reader of tar, and by the system’s', async () => {
    const path = place();
    await writeKit(HEAD, pieces, path);
    const names: string[] = [];
    for await (const { header } of readTar(sourceOf(readFileSync(path)).open(), 'kit')) {
      expect(header).toMatchObject({ type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) });
      names.push(header.name);
    }
    expect(names).toEqual([MANIFEST_PATH, ...[...pieces.keys()].toSorted()]);
    const out = mkdtempSync(join(folder, 'out-'));
    execFileSync('tar', ['xf', path, '-C', out]);
    expect(readFileSync(join(out, LONG), 'utf8')).toBe('names may be long');
    expect(readFileSync(join(out, 'files/grüße.txt'), 'utf8')).toBe('names need not be ASCII');
  });

  test('sizes beyond eight gigabytes are stated in an extended header', () => {
    expect(entryHeader('files/large', 8 * 1024 ** 3 - 1)).toHaveLength(512);
    expect(entryHeader('files/large', 8 * 1024 ** 3).toString('latin1')).toContain('19 size=8589934592\n');
  });

  test('leaves nothing behind when a piece is not what it was said to be', async () => {
    const path = join(mkdtempSync(join(folder, 'broken-')), 'kit.tar');
    const wrong: Piece = { ...piece('b'), open: () => sourceOf(utf8('c')).open() };
    await expect(writeKit(HEAD, new Map([['files/b.txt', wrong]]), path)).rejects.toMatchObject({ code: 'OCI_DIGEST_MISMATCH' });
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  test('that is pinned is held against its digest as a whole', async () => {
    const path = place();
    const { digest } = await writeKit(HEAD, pieces, path);
    const kit = KitFile.open(path);
    await kit.check({ pin: digest });
    await expect(kit.check({ pin: digestOf(utf8('another')) })).rejects.toMatchObject({ code: 'KIT_MISMATCH', found: digest });
    kit.close();
  });

  test('cut off anywhere is incomplete, and says how far it goes', async () => {
    const path = place();
    const { size } = await writeKit(HEAD, new Map([...pieces].slice(0, 3)), path);
    const cut = place();
    const whole = readFileSync(path);
    for (let length = size - 1; length >= 0; length -= 1) {
      writeFileSync(cut, whole.subarray(0, length));
      const says = await refusal(cut);
      if (!new RegExp(`^KIT_INCOMPLETE KIT: ends within .*, after ${length} bytes$`).test(says)) expect(says).toBe(`incomplete after ${length} bytes`);
    }
  }, 60_000);

  test('one altered byte anywhere is refused', async () => {
    const path = place();
    const { size } = await writeKit(HEAD, new Map([...pieces].slice(0, 2)), path);
    const whole = readFileSync(path);
    const altered = place();
    const accepted: number[] = [];
    for (let at = 0; at < size; at += 1) {
      // Some of the list is prose: when, and by whom.
      whole[at] = (whole[at] as number) ^ 0x01;
      writeFileSync(altered, whole);
      if ((await refusal(altered)) === 'accepted') accepted.push(at);
      whole[at] = (whole[at] as number) ^ 0x01;
    }
    const prose = accepted.map((at) => whole.toString('latin1', whole.lastIndexOf('\n', at), whole.indexOf('\n', at)));
    expect(new Set(prose.filter((line) => !/"madeAt"|"madeBy"|"things"/.test(line)))).toEqual(new Set());
  }, 60_000);

  test('of a hundred thousand entries is read', async () => {
    const path = place();
    const one = piece('x');
    const many = new Map(Array.from({ length: 100_000 }, (_, i): [string, Piece] => [`files/${i}`, one]));
    await writeKit(HEAD, many, path);
    expect(await refusal(path)).toBe('accepted');
  }, 120_000);
});

/** An archive by hand: a list, and entries that need not be those of the list. */
function archive(list: readonly KitEntry[], entries: readonly Uint8Array[], end: Uint8Array = new Uint8Array(1024)): string {
  const path = place();
  writeFileSync(path, Buffer.concat([...firstEntry(encodeKitManifest({ ...HEAD, entries: list })), ...entries, end]));
  return path;
}

function firstEntry(manifest: Uint8Array): Uint8Array[] {
  return [entryHeader(MANIFEST_PATH, manifest.length), manifest, new Uint8Array(paddingOf(manifest.length))];
}

function entry(path: string, content: string): Uint8Array {
  return Buffer.concat([entryHeader(path, content.length), utf8(content), new Uint8Array(paddingOf(content.length))]);
}

/** With its checksum made right again. */
function edited(path: string, content: string, edit: (header: Buffer) => void): Uint8Array {
  const bytes = Buffer.from(entry(path, content));
  edit(bytes);
  bytes.write(' '.repeat(8), 148);
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\x00 `, 148);
  return bytes;
}

function listed(path: string, content: string): KitEntry {
  return { path, size: content.length, digest: digestOf(utf8(content)) };
}

const A = listed('files/a', 'aaa');
const B = listed('files/b', 'bbb');
const [A_BYTES, B_BYTES] = [entry('files/a', 'aaa'), entry('files/b', 'bbb')];
const typed = (type: string, link = '') =>
  edited('files/a', 'aaa', (header) => {
    header.write(type, 156);
    header.write(link, 157);
  });

describe('a hostile kit', () => {
  test.each<[string, () => string, string]>([
    [
      'an entry that the list does not name, at the end',
      () => archive([A], [A_BYTES, B_BYTES]),
      'KIT_MISMATCH KIT: holds a file that assay.kit.json does not name: files/b',
    ],
    [
      'one in between',
      () => archive([A, listed('files/c', 'c')], [A_BYTES, B_BYTES, entry('files/c', 'c')]),
      'KIT_MISMATCH KIT: where files/c is due, something',
    ],
    ['an entry that is missing', () => archive([A, B], [B_BYTES]), 'KIT_MISMATCH KIT: where files/a is due, another header stands'],
    ['the last entry missing', () => archive([A, B], [A_BYTES]), 'KIT_MISMATCH KIT: where files/b is due, the archive ends'],
    ['an entry twice', () => archive([A, B], [A_BYTES, A_BYTES, B_BYTES]), 'KIT_MISMATCH KIT: where files/b is due, another header stands'],
    ['an entry twice in the list', () => archive([A, A], [A_BYTES, A_BYTES]), 'KIT_FORMAT KIT: assay.kit.json: entries[1].path: files/a is named twice'],
    ['a list that is not sorted', () => archive([B, A], [B_BYTES, A_BYTES]), 'KIT_FORMAT KIT: assay.kit.json: entries[1].path: files/a stands behind files/b'],
    ['content with another digest', () => archive([A], [entry('files/a', 'aab')]), 'KIT_MISMATCH KIT: files/a is not what is listed'],
    ['content of another size', () => archive([A], [entry('files/a', 'aaaa')]), 'KIT_FORMAT KIT: where files/a is due, another header stands'],
    ['a blob under the digest of another', () => archive([{ ...A, path: `blobs/sha256/${'0'.repeat(64)}` }], [A_BYTES]), 'is not that of blobs/'],
    ['a symbolic link', () => archive([A], [typed('2', '/etc/passwd')]), 'KIT_FORMAT KIT: where files/a is due, another header stands'],
    ['a hard link', () => archive([A], [typed('1', 'files/a')]), 'KIT_FORMAT'],
    ['a device', () => archive([A], [typed('3')]), 'KIT_FORMAT'],
    ['a folder', () => archive([A], [typed('5')]), 'KIT_FORMAT'],
    ['a sparse file', () => archive([A], [typed('S')]), 'KIT_FORMAT'],
    ['a setuid bit', () => archive([A], [edited('files/a', 'aaa', (header) => header.write('0004755', 100))]), 'KIT_FORMAT'],
    ['a prefix before a name', () => archive([A], [edited('files/a', 'aaa', (header) => header.write('../..', 345))]), 'KIT_FORMAT'],
    ['a second name in an extended header', () => archive([A], [entry('PaxHeader', '17 path=../../x\n'), A_BYTES]), 'KIT_MISMATCH'],
    ['garbage behind the end', () => archive([A], [A_BYTES], Buffer.alloc(1025, '\0').fill('x', 1024)), 'KIT_FORMAT KIT: goes on behind its end'],
    ['a second archive behind the end', () => archive([A], [A_BYTES, new Uint8Array(1024), B_BYTES]), 'KIT_FORMAT KIT: goes on behind its end'],
    ['garbage behind an entry', () => archive([A], [Buffer.from(A_BYTES).fill('x', 1000)]), 'KIT_FORMAT KIT: something lies behind files/a'],
    [
      'garbage in the place of the end',
      () => archive([A], [A_BYTES], Buffer.alloc(1024).fill('x', 600)),
      'KIT_FORMAT KIT: something lies behind the last entry',
    ],
    ['a size that is not there', () => archive([{ ...A, size: 2 ** 52 }], [entryHeader('files/a', 2 ** 52)]), 'KIT_INCOMPLETE KIT: ends within files/a'],
    ['a size beyond all numbers', () => archive([{ ...A, size: 2 ** 60 }], []), 'is out of range'],
  ])('%s', async (_, make, says) => {
    expect(await refusal(make())).toContain(says);
  });

  test.each<[string, Uint8Array[], string]>([
    ['another first entry', [A_BYTES, new Uint8Array(1024)], 'KIT_FORMAT KIT: is not a kit: it does not begin with assay.kit.json'],
    ['zeros', [new Uint8Array(2048)], 'KIT_FORMAT KIT: is not a kit'],
    ['some other file', [utf8('PK\u0003\u0004'.padEnd(600))], 'KIT_FORMAT KIT: is not a kit'],
    ['a short file', [utf8('a release')], 'KIT_FORMAT KIT: is not a kit'],
    ['nothing', [], 'KIT_INCOMPLETE KIT: ends within assay.kit.json, after 0 bytes'],
    ['a list that is too large', [entryHeader(MANIFEST_PATH, 2 ** 32), new Uint8Array(1024)], 'the cap is'],
    ['a list that is no JSON', [...firstEntry(utf8('not JSON')), new Uint8Array(1024)], 'KIT_FORMAT KIT: assay.kit.json is not valid JSON'],
    ['a list with a member twice', [...firstEntry(utf8('{"mediaType":"a","mediaType":"b"}')), new Uint8Array(1024)], 'duplicate member'],
    [
      'a list of another type',
      [...firstEntry(utf8('{"mediaType":"application/json"}')), new Uint8Array(1024)],
      'KIT_FORMAT KIT: assay.kit.json is of an unknown type',
    ],
  ])('%s', async (_, bytes, says) => {
    const path = place();
    writeFileSync(path, Buffer.concat(bytes));
    expect(await refusal(path)).toContain(says);
  });

  test.each([
    '../x',
    '/etc/passwd',
    'files/../../x',
    'files/..',
    'files/.',
    'files//x',
    'files/a/b',
    'files/',
    'files',
    'files\\x',
    'files/a\\..\\x',
    'files/C:x',
    'files/con',
    'files/nul.txt',
    'files/x.',
    'files/a\0b',
    'files/a\nb',
    'files/\u202Egpj.exe',
    'policy/../x',
    'trust/other.json',
    'blobs/sha256/x',
    'blobs/md5/00',
    'assay.kit.json',
    'elsewhere',
    `files/${'x'.repeat(300)}`,
  ])('the place %j', async (path) => {
    expect(isEntryPath(path)).toBe(false);
    expect(await refusal(archive([{ ...A, path }], []))).toMatch(/^KIT_FORMAT KIT: assay\.kit\.json: entries\[0\]\.path: is no place in a kit/);
  });

  const parts = (thing: object): string => {
    const path = place();
    const manifest = { mediaType: 'application/vnd.assay.kit.v1+json', madeAt: '2026-08-25T00:00:00Z', madeBy: 'x', entries: [A], ...thing };
    writeFileSync(path, Buffer.concat([...firstEntry(utf8(JSON.stringify(manifest))), A_BYTES, new Uint8Array(1024)]));
    return path;
  };
  const file = { kind: 'file', name: 'a', path: 'files/a', digest: A.digest, evidence: [] };
  const image = { kind: 'image', name: 'registry.example/app', digest: A.digest };
  test.each<[string, object, string]>([
    ['a file that is not in it', { things: [{ ...file, name: 'b', path: 'files/b' }] }, 'files/b is not in the kit'],
    ['a file of another name than its path', { things: [{ ...file, name: 'b' }] }, 'is not files/b'],
    ['a file twice', { things: [file, file] }, 'files/a is there twice'],
    ['evidence that is not in it', { things: [{ ...file, evidence: ['files/none'] }] }, 'expected paths of files'],
    ['an image that is not in it', { things: [image] }, 'is not in the kit'],
    ['a thing of another kind', { things: [{ ...image, kind: 'pod' }] }, 'image, chart or file was expected'],
    ['a policy that is not in it', { policy: { path: 'policy/none', trustRoots: {} } }, 'is not in the kit'],
    ['a trusted root that is not in it', { trust: { path: 'trust/trusted_root.json', source: 'file' } }, 'is not in the kit'],
    ['a digest that is none', { things: [{ ...file, digest: 'sha256:x' }] }, 'is not a digest'],
    ['a time that is none', { madeAt: 'yesterday' }, 'expected an RFC 3339 time'],
  ])('a list that names %s', async (_, thing, says) => {
    expect(await refusal(parts(thing))).toContain(says);
  });

  test.each(['registry.example/../app', 'REGISTRY.example/app', 'registry.example/app:1', 'app', 'registry.example/app@x', 'registry.example//app', '../app'])(
    'an image by the name %j',
    async (name) => {
      const blob = { path: `blobs/${A.digest.replace(':', '/')}`, size: 3, digest: A.digest };
      const path = place();
      const manifest = { ...HEAD, mediaType: 'application/vnd.assay.kit.v1+json', entries: [blob], things: [{ ...image, name }] };
      writeFileSync(path, Buffer.concat([...firstEntry(utf8(JSON.stringify(manifest))), entry(blob.path, 'aaa'), new Uint8Array(1024)]));
      expect(await refusal(path)).toContain('is not the name of an image');
    },
  );
});

describe('a kit that changes after it was opened', () => {
  const open = async (): Promise<{ path: string; kit: KitFile }> => {
    const path = place();
    await writeKit(HEAD, new Map([['files/a', piece('a'.repeat(100_000))]]), path);
    return { path, kit: KitFile.open(path) };
  };

  test('is not passed on: neither altered content', async () => {
    const { path, kit } = await open();
    await kit.check({});
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill('b', 50_000, 50_001));
    const out = mkdtempSync(join(folder, 'out-'));
    await expect(writeEntries(kit, out, 'files/')).rejects.toMatchObject({ code: 'OCI_DIGEST_MISMATCH' });
    expect(readdirSync(join(out, 'files'))).toEqual([]);
    kit.close();
  });

  test('nor what is cut off', async () => {
    const { path, kit } = await open();
    truncateSync(path, 60_000);
    await expect(kit.check({})).rejects.toMatchObject({ code: 'KIT_INCOMPLETE' });
    kit.close();
  });

  test('a file that takes its place is not looked at', async () => {
    const { path, kit } = await open();
    rmSync(path);
    writeFileSync(path, 'another');
    await kit.check({});
    kit.close();
  });
});

test('nothing is written through links that stand in the way', async () => {
  const path = place();
  await writeKit(HEAD, new Map([['files/a', piece('new')]]), path);
  const kit = KitFile.open(path);
  const outside = mkdtempSync(join(folder, 'outside-'));
  const target = mkdtempSync(join(folder, 'target-'));
  symlinkSync(outside, join(target, 'files'));
  await expect(writeEntries(kit, target, 'files/', { existing: 'replace' })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  expect(readdirSync(outside)).toEqual([]);
  rmSync(join(target, 'files'));
  mkdirSync(join(target, 'files'));
  writeFileSync(join(outside, 'a'), 'old');
  symlinkSync(join(outside, 'a'), join(target, 'files/a'));
  await expect(writeEntries(kit, target, 'files/')).rejects.toMatchObject({ code: 'OCI_EXISTS' });
  await writeEntries(kit, target, 'files/', { existing: 'replace' });
  expect(readFileSync(join(outside, 'a'), 'utf8')).toBe('old');
  expect(readFileSync(join(target, 'files/a'), 'utf8')).toBe('new');
  kit.close();
});

test('a folder, and what is not there', async () => {
  expect(await refusal(folder)).toMatch(/^FILE_UNREADABLE/);
  expect(await refusal(join(folder, 'none'))).toMatch(/^FILE_NOT_FOUND/);
});
