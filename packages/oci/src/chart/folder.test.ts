import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { encodeArchive } from './archive-write.ts';
import type { Chart } from './chart.ts';
import { expandChart, loadChartFolder } from './folder.ts';

const root = mkdtempSync(join(tmpdir(), 'assay-chart-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const CHART_YAML = 'apiVersion: v2\nname: foo\nversion: 1.0.0\n';
let made = 0;

function folderOf(files: Readonly<Record<string, string>>): string {
  made += 1;
  const folder = join(root, `chart-${made}`);
  for (const [name, content] of Object.entries({ 'Chart.yaml': CHART_YAML, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

const namesOf = ({ templates, files }: Chart) => [...templates, ...files].map(({ name }) => name);

describe('loading', () => {
  test('files come in the order of their bytes, without what is ignored', async () => {
    const folder = folderOf({
      '.helmignore': 'skipped/\n*.bak',
      'b.bak': '',
      'skipped/x': '',
      'templates/b': '',
      'templates/a': '',
      'templates/.h': '',
      'a-b': '',
      'a/b': '',
      B: '',
    });
    expect(namesOf(await loadChartFolder(folder))).toEqual(['templates/a', 'templates/b', '.helmignore', 'B', 'a/b', 'a-b']);
  });

  test('links within the chart are followed, and told of', async () => {
    const folder = folderOf({ real: 'content', 'dir/f': 'f' });
    symlinkSync('real', join(folder, 'zlink'));
    symlinkSync('dir', join(folder, 'zdir'));
    const told: string[] = [];
    const chart = await loadChartFolder(folder, { onLink: (path, target) => told.push(`${path} ${target}`) });
    expect(namesOf(chart)).toEqual(['dir/f', 'real', 'zdir/f', 'zlink']);
    expect(told).toEqual([`${folder}/zdir ${folder}/dir`, `${folder}/zlink ${folder}/real`]);
  });

  test.each([
    ['a file elsewhere', '/etc/hostname', 'leads out of the chart'],
    ['a folder elsewhere', '..', 'leads out of the chart'],
    ['nothing', 'missing', 'leads nowhere'],
    ['itself', 'link', 'leads nowhere'],
    ['the folder it lies in', 'sub/..', 'leads out of the chart'],
  ])('refuses a link to %s', async (_, target, message) => {
    const folder = folderOf({ 'sub/x': '' });
    symlinkSync(target, join(folder, 'link'));
    await expect(loadChartFolder(folder)).rejects.toMatchObject({ code: 'CHART_ENTRY', message: expect.stringContaining(message) });
  });

  test('refuses a link that would never end', async () => {
    const folder = folderOf({ 'sub/x': '' });
    symlinkSync('.', join(folder, 'sub/loop'));
    await expect(loadChartFolder(folder)).rejects.toMatchObject({ code: 'CHART_ENTRY', message: expect.stringContaining('a folder that it lies in') });
  });

  test('a link that is ignored may lead anywhere', async () => {
    const folder = folderOf({ '.helmignore': 'link\n' });
    symlinkSync('/etc', join(folder, 'link'));
    expect(namesOf(await loadChartFolder(folder))).toEqual(['.helmignore']);
  });

  test('refuses a file beyond the cap, without reading it', async () => {
    const folder = folderOf({ big: '' });
    truncateSync(join(folder, 'big'), 5 * 1024 * 1024 + 1);
    await expect(loadChartFolder(folder)).rejects.toMatchObject({ code: 'CHART_TOO_LARGE', message: expect.stringContaining('5242880') });
  });

  test('refuses all files together beyond the cap', async () => {
    const folder = folderOf({});
    for (let i = 0; i < 21; i++) {
      writeFileSync(join(folder, `f${i}`), '');
      truncateSync(join(folder, `f${i}`), 5 * 1024 * 1024);
    }
    await expect(loadChartFolder(folder)).rejects.toMatchObject({ code: 'CHART_TOO_LARGE', message: expect.stringContaining('104857600') });
  });
});

describe('unpacking', () => {
  const archiveOf = (files: Readonly<Record<string, string>>) =>
    encodeArchive(
      Object.entries(files).map(([name, content]) => ({ name: `any/${name}`, data: Buffer.from(content) })),
      new Date(0),
    );

  test('makes a folder of the name in Chart.yaml', async () => {
    const into = join(root, 'new', 'deep');
    expect(await expandChart(archiveOf({ 'Chart.yaml': CHART_YAML, 'templates/x': 'y' }), into)).toBe(join(into, 'foo'));
    expect(readFileSync(join(into, 'foo', 'templates', 'x'), 'utf8')).toBe('y');
    expect(readdirSync(into)).toEqual(['foo']);
  });

  test('refuses to mix with what is there', async () => {
    const into = join(root, 'taken');
    mkdirSync(join(into, 'foo'), { recursive: true });
    await expect(expandChart(archiveOf({ 'Chart.yaml': CHART_YAML, x: '' }), into)).rejects.toMatchObject({ code: 'CHART_EXISTS' });
    expect(readdirSync(join(into, 'foo'))).toEqual([]);
  });

  test.each([
    ['no Chart.yaml', { x: '' }, 'CHART_FILE'],
    ['a name that is a path', { 'Chart.yaml': CHART_YAML.replace('foo', '../foo') }, 'CHART_METADATA'],
    ['the folder itself as a name', { 'Chart.yaml': CHART_YAML.replace('foo', '.') }, 'CHART_METADATA'],
    ['a path that leads out', { 'Chart.yaml': CHART_YAML, '../../x': '' }, 'CHART_PATH'],
  ])('%s leaves nothing behind', async (_, files, code) => {
    const into = join(root, `hostile-${code}`);
    await expect(expandChart(archiveOf(files), into)).rejects.toMatchObject({ code });
    expect(existsSync(into)).toBe(false);
  });
});
