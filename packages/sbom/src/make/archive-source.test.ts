import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { utf8 } from '@assay/core';
import { writeTar } from '@assay/oci/image';
import { afterAll, describe, expect, it } from 'vitest';
import { archiveSource } from './archive-source.ts';
import { elf, goBuildInfo } from './executable/test/executables.ts';
import { zip } from './language/test/zips.ts';
import { makeInventory } from './make.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-archive-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PROGRAM = elf([
  { name: '.go.buildinfo', content: goBuildInfo('go1.26.0', ['path\texample.com/a', 'mod\texample.com/a\tv1.0.0\t', 'dep\texample.com/b\tv1.2.3\t']) },
]);
const PACKAGE = utf8('{"name":"a","version":"1.0.0"}');
const FILES = { 'app-1/bin/app': PROGRAM, 'app-1/node_modules/a/package.json': PACKAGE };
const FOUND = [
  'a 1.0.0 /app-1/node_modules/a/package.json',
  'example.com/a v1.0.0 /app-1/bin/app',
  'example.com/b v1.2.3 /app-1/bin/app',
  'stdlib go1.26.0 /app-1/bin/app',
];

async function tar(files: Readonly<Record<string, Uint8Array>>): Promise<Buffer> {
  const entries = async function* () {
    for (const [name, bytes] of Object.entries(files)) yield { header: { name, size: bytes.length }, content: chunk(bytes) };
  };
  const chunks: Uint8Array[] = [];
  for await (const one of writeTar(entries())) chunks.push(one);
  return Buffer.concat(chunks);
}

async function* chunk(bytes: Uint8Array) {
  yield bytes;
}

async function found(name: string, content: Uint8Array) {
  const path = join(folder, name);
  writeFileSync(path, content);
  const source = await archiveSource(path);
  return source && makeInventory(source);
}

describe('what is in an archive', async () => {
  const whole = await tar(FILES);

  it.each([
    ['app.tar', whole],
    ['app.tar.gz', gzipSync(whole)],
    ['app.tar.zst', zstdCompressSync(whole)],
    ['app.zip', zip(FILES)],
    ['under another name', gzipSync(whole)],
  ])('is found: %s', async (name, content) => {
    const inventory = await found(name, content);
    expect(inventory?.packages.map((one) => `${one.name} ${one.version} ${one.locations[0]?.path}`).sort()).toEqual(FOUND);
    expect(inventory).toMatchObject({ subject: { kind: 'file', name, digest: expect.stringMatching(/^sha256:/) }, unreadable: [] });
    expect(inventory?.packages[0]?.locations[0]).not.toHaveProperty('layer');
  });

  it.each([
    ['a program', PROGRAM],
    ['a compressed file that is no archive', gzipSync(PROGRAM)],
    ['what only begins like something compressed', Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3])],
    ['nothing', new Uint8Array(0)],
    ['a.jar', zip(FILES)],
  ])('is none of %s', async (name, content) => expect(await found(name.replaceAll(' ', '-'), content)).toBeUndefined());

  it('is told as far as it can be read', async () => {
    const inventory = await found('cut.tar', whole.subarray(0, whole.length - 1600));
    expect(inventory?.packages.map(({ name }) => name)).toContain('stdlib');
    expect(inventory?.unreadable).toEqual([{ path: '/', code: 'OCI_LAYER', message: expect.stringContaining('the archive: unexpected EOF') }]);
    const cut = await found('cut.zip', zip(FILES).subarray(0, -30));
    expect(cut).toMatchObject({ packages: [], unreadable: [{ code: 'SBOM_UNREADABLE' }] });
  });

  it('does not climb out of it', async () => {
    const inventory = await found('climbs.tar', await tar({ '../../etc/package.json': PACKAGE, 'node_modules/a/package.json': PACKAGE }));
    expect(inventory?.packages.map(({ name }) => name)).toEqual(['a']);
    expect(inventory?.unreadable[0]?.message).toContain('unsafe tar path');
  });
});
