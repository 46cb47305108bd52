import { gunzipSync, gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { MAX_CHART_BYTES, MAX_CHART_FILE_BYTES, readArchive } from './archive.ts';
import { encodeArchive } from './archive-write.ts';
import { parseChart } from './chart.ts';

type Entry = Partial<Header> & { readonly name: string; readonly content?: string | Uint8Array };

const CHART_YAML: Entry = { name: 'foo/Chart.yaml', content: 'apiVersion: v2\nname: foo\nversion: 1.0.0\n' };

async function archiveOf(...entries: readonly Entry[]): Promise<Buffer> {
  const packer = pack();
  for (const { content = '', ...header } of entries) packer.entry(header, Buffer.from(content));
  packer.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packer) chunks.push(Buffer.from(chunk as Uint8Array));
  return gzipSync(Buffer.concat(chunks));
}

const file = (name: string, content: string | Uint8Array = 'x'): Entry => ({ name, content });

describe('reading', () => {
  test('the name of the folder says nothing, and order stays', async () => {
    const files = await readArchive(await archiveOf(file('any/b'), { name: 'any/dir/', type: 'directory' }, file('other/a/c')));
    expect(files.map(({ name }) => name)).toEqual(['b', 'a/c']);
  });

  test('backslashes are slashes where there are any, and byte order marks fall away', async () => {
    const [found] = await readArchive(await archiveOf(file('foo\\templates\\x.yaml', '\uFEFFa')));
    expect(found).toEqual({ name: 'templates/x.yaml', data: Buffer.from('a') });
  });

  test.each([
    ['a path to the parent', [file('foo/../../x')], 'CHART_PATH', 'chart illegally references parent directory'],
    ['a path beside the chart', [file('../x/y')], 'CHART_PATH', 'chart illegally references parent directory'],
    ['two dots and more', [file('foo/..x')], 'CHART_PATH', 'chart illegally references parent directory'],
    ['an absolute path', [file('/etc/passwd')], 'CHART_PATH', 'chart illegally contains absolute paths'],
    ['an absolute path within', [file('foo//etc/passwd')], 'CHART_PATH', 'chart illegally contains absolute paths'],
    ['a drive', [file('foo/c:/x')], 'CHART_PATH', 'chart contains illegally named files'],
    ['backslashes to the parent', [file('foo\\..\\..\\x')], 'CHART_PATH', 'chart illegally references parent directory'],
    ['a file beside the folder', [file('x')], 'CHART_PATH', 'chart illegally contains content outside the base directory: "x"'],
    ['a Chart.yaml beside the folder', [file('Chart.yaml')], 'CHART_PATH', 'chart yaml not in base directory'],
    [
      'a symbolic link',
      [CHART_YAML, { name: 'foo/x', type: 'symlink', linkname: '/etc/passwd' }],
      'CHART_ENTRY',
      'chart contains foo/x, which is not a regular file',
    ],
    ['a symbolic link like a folder', [CHART_YAML, { name: 'foo/x/', type: 'symlink', linkname: '/' }], 'CHART_ENTRY', 'not a regular file'],
    ['a hard link', [CHART_YAML, { name: 'foo/x', type: 'link', linkname: 'foo/Chart.yaml' }], 'CHART_ENTRY', 'not a regular file'],
    ['a character device', [CHART_YAML, { name: 'foo/x', type: 'character-device' }], 'CHART_ENTRY', 'not a regular file'],
    ['a block device', [CHART_YAML, { name: 'foo/x', type: 'block-device' }], 'CHART_ENTRY', 'not a regular file'],
    ['a pipe', [CHART_YAML, { name: 'foo/x', type: 'fifo' }], 'CHART_ENTRY', 'not a regular file'],
    ['a sparse file', [CHART_YAML, { name: 'foo/x', pax: { 'GNU.sparse.major': '1' } }], 'CHART_ENTRY', 'not a regular file'],
    ['a path twice', [CHART_YAML, file('foo/a'), file('foo/a')], 'CHART_DUPLICATE', 'chart contains two files called "a"'],
    ['a path in two spellings', [CHART_YAML, file('foo/a/b'), file('bar/a/./b')], 'CHART_DUPLICATE', 'chart contains two files called "a/b"'],
    ['Chart.yaml twice', [CHART_YAML, CHART_YAML], 'CHART_DUPLICATE', 'chart contains two files called "Chart.yaml"'],
    ['a file where a folder is', [file('foo/a/b/c'), file('foo/a')], 'CHART_DUPLICATE', 'chart contains a file and a folder called "a"'],
    ['no file at all', [{ name: 'foo/', type: 'directory' }], 'CHART_ARCHIVE', 'no files in chart archive'],
    [
      'a file beyond the cap',
      [CHART_YAML, file('foo/big', Buffer.alloc(MAX_CHART_FILE_BYTES + 1))],
      'CHART_TOO_LARGE',
      'decompressed chart file "foo/big" is larger than the maximum file size 5242880',
    ],
  ] as [string, Entry[], string, string][])('refuses %s', async (_, entries, code, message) => {
    await expect(readArchive(await archiveOf(...entries))).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  test('unpacks no more of a bomb than the cap', async () => {
    const bomb = gzipSync(Buffer.alloc(MAX_CHART_BYTES + 1));
    expect(bomb.length).toBeLessThan(200_000);
    await expect(readArchive(bomb)).rejects.toMatchObject({
      code: 'CHART_TOO_LARGE',
      message: 'decompressed chart is larger than the maximum file size 104857600',
    });
  });

  test('counts charts within against the same cap', async () => {
    const inner = await archiveOf(
      { ...CHART_YAML, name: 'in/Chart.yaml' },
      ...Array.from({ length: 10 }, (_, i) => file(`in/f${i}`, Buffer.alloc(4 * 1024 * 1024))),
    );
    const outer = await archiveOf(CHART_YAML, ...['a', 'b', 'c'].map((name) => file(`foo/charts/${name}.tgz`, inner)));
    expect(outer.length).toBeLessThan(1024 * 1024);
    await expect(parseChart(outer)).rejects.toMatchObject({
      code: 'CHART_TOO_LARGE',
      message: 'error unpacking subchart c.tgz in foo: decompressed chart is larger than the maximum file size 104857600',
    });
  });

  test('tells a text, a truncated archive and gzip around something else apart', async () => {
    const whole = await archiveOf(CHART_YAML, file('foo/a', Buffer.alloc(2000, 'a')));
    await expect(readArchive(Buffer.from('text'))).rejects.toMatchObject({ code: 'CHART_ARCHIVE', message: 'gzip: incorrect header check' });
    await expect(readArchive(whole.subarray(0, -20))).rejects.toMatchObject({ code: 'CHART_ARCHIVE', message: 'unexpected EOF' });
    await expect(readArchive(gzipSync(Buffer.alloc(1000, 'a')))).rejects.toMatchObject({ code: 'CHART_ARCHIVE', message: expect.stringContaining('tar: ') });
    await expect(readArchive(gzipSync(gunzipSync(whole).subarray(0, 1600)))).rejects.toMatchObject({ code: 'CHART_ARCHIVE' });
  });

  test('any changed byte of a tar gives files or a refusal, and never something else', async () => {
    const tar = gunzipSync(await archiveOf(CHART_YAML, { name: `foo/${'long/'.repeat(40)}x`, content: 'y' }));
    for (let at = 0; at < 2048; at += 1) {
      const changed = Buffer.from(tar);
      changed[at] = (changed[at] as number) ^ 0xff;
      const outcome = await readArchive(gzipSync(changed, { level: 0 })).catch((error: { code?: string }) => error.code);
      expect(typeof outcome === 'string' ? outcome : 'files').toMatch(/^(?:files|CHART_(?:ARCHIVE|PATH|ENTRY|DUPLICATE|TOO_LARGE))$/);
    }
  });
});

describe('writing', () => {
  const modified = new Date('2026-08-25T00:00:00.600Z');

  test.each([
    ['a short path', 'foo/Chart.yaml'],
    ['a path of 100 bytes', `foo/${'x'.repeat(96)}`],
    ['a path that splits', `foo/${'d'.repeat(120)}/${'f'.repeat(90)}`],
    ['a path that does not split', `foo/${'d'.repeat(120)}/${'g'.repeat(130)}`],
    ['a path of other letters', 'foo/ünï.txt'],
  ])('%s reads back', async (_, name) => {
    const files = await readArchive(encodeArchive([{ name, data: Buffer.from('content') }], modified));
    expect(files).toEqual([{ name: name.slice('foo/'.length), data: Buffer.from('content') }]);
  });

  test('the headers are those of helm', () => {
    const archive = Buffer.from(encodeArchive([{ name: 'foo/Chart.yaml', data: Buffer.from('a: b\n') }], modified));
    expect(archive.subarray(0, 58).toString('latin1')).toBe('\x1f\x8b\x08\x14\0\0\0\0\0\xff\x29\0+aHR0cHM6Ly95b3V0dS5iZS96OVV6MWljandyTQo=Helm\0');
    const tar = gunzipSync(archive);
    expect(tar.length).toBe(4 * 512);
    expect(tar.subarray(0, 512).toString('latin1').replaceAll(/\0+/g, '|')).toBe(
      'foo/Chart.yaml|0000644|0000000|0000000|00000000005|15243155401|011747| 0|ustar|00|0000000|0000000|',
    );
  });

  test('the same files give the same bytes', () => {
    const make = () => encodeArchive([{ name: 'foo/a', data: Buffer.from('x') }], modified);
    expect(make()).toEqual(make());
  });
});
