/** Installing what is missing, on a checkout with one workspace and nothing to download. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { install } from './install.mjs';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function checkout(): string {
  const root = mkdtempSync(join(tmpdir(), 'assay-install-test-'));
  folders.push(root);
  mkdirSync(join(root, 'packages/a'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{ "name": "root", "version": "1.0.0", "workspaces": ["packages/*"] }');
  writeLock(root, '1.0.0');
  return root;
}

function writeLock(root: string, version: string): void {
  writeFileSync(join(root, 'packages/a/package.json'), JSON.stringify({ name: 'a', version }));
  const packages = {
    '': { name: 'root', version: '1.0.0', workspaces: ['packages/*'] },
    'node_modules/a': { resolved: 'packages/a', link: true },
    'packages/a': { version },
  };
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ name: 'root', version: '1.0.0', lockfileVersion: 3, requires: true, packages }));
}

const stamp = (root: string): string => join(root, 'node_modules/.assay-installed');
const marker = (root: string): string => join(root, 'node_modules/.marker');

/** Told by a file that only `npm ci` removes. */
async function reinstalls(root: string, mode: 'runtime' | 'dev'): Promise<boolean> {
  writeFileSync(marker(root), '');
  expect(await install(root, mode)).toBeUndefined();
  return !existsSync(marker(root));
}

test('installs once, and again when the lock file changes', async () => {
  const root = checkout();
  expect(await install(root, 'runtime')).toBeUndefined();
  expect(existsSync(join(root, 'node_modules/a/package.json'))).toBe(true);
  expect(await reinstalls(root, 'runtime')).toBe(false);
  writeLock(root, '1.0.1');
  expect(await reinstalls(root, 'runtime')).toBe(true);
});

test('an installation by hand counts', async () => {
  const root = checkout();
  await install(root, 'dev');
  rmSync(stamp(root));
  expect(await reinstalls(root, 'dev')).toBe(false);
  expect(JSON.parse(readFileSync(stamp(root), 'utf8'))).toMatchObject({ mode: 'dev' });
});

test('two at once wait for each other', async () => {
  const root = checkout();
  expect(await Promise.all([install(root, 'runtime'), install(root, 'dev')])).toEqual([undefined, undefined]);
  expect(existsSync(join(root, 'node_modules/a/package.json'))).toBe(true);
});
