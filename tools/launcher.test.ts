/** The launchers find a Node that is new enough, whichever comes first on PATH. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isSupported } from '../packages/cli/bin/node-range.js';
import { ROOT } from './bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-launcher-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const LAUNCHER = join(ROOT, 'packages/cli/bin/assay.js');

/** A Node outside of the checkout that is too old for us; the systems we support often have one. */
const oldNode = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((path) => !path.includes('node_modules'))
  .map((path) => join(path, 'node'))
  .find((path) => existsSync(path) && !isSupported(spawnSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim()));

test.each([
  ['20.20.2', false],
  ['22.22.1', false],
  ['22.22.2', true],
  ['23.11.0', false],
  ['24.14.9', false],
  ['24.15.0', true],
  ['26.0.0', true],
])('Node %s is supported: %s', (version, expected) => {
  expect(isSupported(version)).toBe(expected);
});

describe.each([['the Node of these tests', process.execPath], ...(oldNode === undefined ? [] : [['an older Node', oldNode]])] as [string, string][])(
  'started with %s',
  (_, node) => {
    test('the launcher passes arguments and exit status on', () => {
      expect(spawnSync(node, [LAUNCHER, '--version'], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
      expect(spawnSync(node, [LAUNCHER, 'verify', '--no-such-flag'], { encoding: 'utf8' })).toMatchObject({ status: 2 });
    });

    test('a symlink decides which tool it is', () => {
      const link = join(mkdtempSync(join(folder, 'link-')), 'cosign');
      symlinkSync(LAUNCHER, link);
      const { stdout } = spawnSync(node, [link, '--help'], { encoding: 'utf8' });
      expect(stdout).toContain('verify-blob');
    });

    test('the runner passes signals and the exit status on', async () => {
      const path = join(mkdtempSync(join(folder, 'script-')), 'wait.mjs');
      writeFileSync(path, `process.on('SIGTERM', () => process.exit(7)); setTimeout(() => {}, 60_000); console.log('ready');`);
      const child = spawn(node, [join(ROOT, 'tools/run.mjs'), 'runtime', relative(ROOT, path)], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      child.kill('SIGTERM');
      const [status] = (await once(child, 'exit')) as [number];
      expect(status).toBe(7);
    });
  },
);

test.skipIf(oldNode === undefined)('without a newer Node an older one says what is needed', () => {
  const bin = join(folder, 'package/bin');
  mkdirSync(bin, { recursive: true });
  for (const file of ['assay.js', 'code-cache.js', 'node-range.js', 'pinned-node.js']) copyFileSync(join(ROOT, 'packages/cli/bin', file), join(bin, file));
  writeFileSync(join(folder, 'package/package.json'), '{ "type": "module" }');
  const { status, stdout, stderr } = spawnSync(oldNode as string, [join(bin, 'assay.js')], { encoding: 'utf8' });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^assay: needs Node \^22\.22\.2 \|\| >=24\.15, this is v[^\n]+\n$/);
});
