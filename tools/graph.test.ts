import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { checkGraph } from './graph/check.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Offences of a checkout with one package, or several: `{ 'core/src/a.ts': '…' }`. */
async function offences(sources: Record<string, string>, dependencies: Record<string, string> = {}, readme = ''): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'assay-graph-'));
  folders.push(root);
  const packages = new Set([...Object.keys(sources).map((path) => path.split('/')[0] as string), 'core', 'net', 'trust', 'make', 'testkit']);
  const files: Record<string, string> = { 'package.json': '{ "name": "workspace" }' };
  for (const name of packages) files[`packages/${name}/package.json`] = JSON.stringify({ name: `@assay/${name}`, dependencies });
  for (const name of packages) files[`packages/${name}/README.md`] = readme;
  for (const [path, source] of Object.entries(sources)) files[`packages/${path}`] = source;
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return checkGraph(root);
}

const OURS = { '@assay/core': '1', '@assay/net': '1', '@assay/trust': '1', '@assay/make': '1', '@assay/testkit': '1' };

const refused: [string, string, string, string][] = [
  ['an arrow that points up', 'net/src/a.ts', `import { x } from '@assay/trust'; x();`, '@assay/trust stands above net'],
  ['an arrow in a type', 'net/src/a.ts', `import type { X } from '@assay/trust'; export type Y = X;`, '@assay/trust stands above net'],
  ['an arrow in a type that is exported on', 'net/src/a.ts', `export type { X } from '@assay/trust';`, '@assay/trust stands above net'],
  ['an arrow that is loaded later', 'net/src/a.ts', `export const x = () => import('@assay/trust');`, '@assay/trust stands above net'],
  ['a core that imports ours', 'core/src/a.ts', `import { x } from '@assay/net'; x();`, '@assay/net stands above core'],
  ['a core with a Node builtin', 'core/src/a.ts', `import { hash } from 'node:crypto'; hash;`, 'core uses node:crypto'],
  ['a core with a Node builtin of the old spelling', 'core/src/a.ts', `import { hash } from 'crypto'; hash;`, 'core uses crypto'],
  ['a core with a clock', 'core/src/a.ts', 'export const now = Date.now();', 'core uses Date.now'],
  ['a core with another clock', 'core/src/a.ts', 'export const now = new Date();', 'core uses new Date() without arguments'],
  ['a core with a clock without new', 'core/src/a.ts', 'export const now = Date();', 'core uses new Date() without arguments'],
  ['a core with randomness', 'core/src/a.ts', 'export const x = Math.random();', 'core uses Math.random'],
  ['a core with Buffer', 'core/src/a.ts', `export const x = Buffer.from('');`, 'core uses Buffer'],
  ['a core that asks the process, roundabout', 'core/src/a.ts', 'export const x = globalThis.process?.env;', 'core uses process'],
  ['a core that fetches', 'core/src/a.ts', `export const x = fetch('');`, 'core uses fetch'],
  ['a library that prints', 'trust/src/a.ts', `console.log('hello');`, 'trust prints or exits: console'],
  ['a library that writes to stderr', 'trust/src/a.ts', `process.stderr.write('hello');`, 'trust prints or exits: process.stderr'],
  ['a library that exits', 'trust/src/a.ts', 'process.exit(1);', 'trust prints or exits: process.exit'],
  ['a library that imports the process', 'trust/src/a.ts', `import { exit } from 'node:process'; exit();`, 'trust prints or exits: node:process'],
  ['a library that opens a socket', 'trust/src/a.ts', `import { connect } from 'node:net'; connect(1);`, 'trust opens sockets: node:net'],
  ['a library that opens a socket later', 'trust/src/a.ts', `export const x = () => import('https');`, 'trust opens sockets: https'],
  ['a library that fetches', 'trust/src/a.ts', `export const x = () => fetch('');`, 'trust opens sockets: fetch'],
  [
    'a relative import of another package',
    'trust/src/a.ts',
    `import { x } from '../../core/src/b.ts'; x();`,
    '../../core/src/b.ts crosses into another package',
  ],
  ['the same in a test', 'trust/src/a.test.ts', `import { x } from '../../core/src/b.ts'; x();`, '../../core/src/b.ts crosses into another package'],
  ['a use of the testkit', 'trust/src/a.ts', `import { x } from '@assay/testkit'; x();`, 'only tests import @assay/testkit'],
  [
    'a verifying package that uses the makers',
    'trust/src/a.ts',
    `import { x } from '@assay/make'; x();`,
    '@assay/make is for sign and stack and admission and testkit only',
  ],
  [
    'an import that is not declared',
    'trust/src/a.ts',
    `import x from 'left-pad/deep'; x();`,
    'left-pad is not among the dependencies of packages/trust/package.json',
  ],
  ['a package without a place', 'elsewhere/src/a.ts', '', 'packages/elsewhere: has no place'],
];

test.each(refused)('refuses %s', async (_, path, source, expected) => {
  const found = await offences({ [path]: source }, OURS);
  expect(found.join('\n')).toContain(expected);
});

const accepted: [string, string, string][] = [
  ['arrows that point down', 'trust/src/a.ts', `import { x } from '@assay/core'; import { y } from '@assay/net'; x(y);`],
  [
    'the same words in comments and strings',
    'core/src/a.ts',
    `// console.log(new Date())\nexport const x = "process.exit(); import 'node:fs'" + /console'/.source;`,
  ],
  ['local names that look like globals', 'core/src/a.ts', `export function f(process: { exit(): void }, fetch: () => void) { process.exit(); fetch(); }`],
  ['times that are given', 'core/src/a.ts', 'export const f = (ms: number): Date => new Date(ms);'],
  ['an environment that is read', 'trust/src/a.ts', 'export const f = () => process.env;'],
  ['sockets in net', 'net/src/a.ts', `import { connect } from 'node:net'; connect(1);`],
  ['prints in the command line', 'cli/src/a.ts', `console.log('hello');`],
  ['tests that print and import upwards', 'net/src/a.test.ts', `import { x } from '@assay/trust'; console.log(x, Date.now());`],
  ['tests that share test code', 'net/src/a.test.ts', `import { x } from '../../core/test/b.ts'; x();`],
];

test.each(accepted)('accepts %s', async (_, path, source) => {
  expect(await offences({ [path]: source }, OURS)).toEqual([]);
});

test('a dependency needs its sentence', async () => {
  const sources = { 'net/src/a.ts': `import x from 'left-pad'; x();` };
  const found = await offences(sources, { 'left-pad': '1' });
  expect(found).toContain('packages/net/README.md: no sentence on the dependency left-pad');
  expect(await offences(sources, { 'left-pad': '1' }, '- `left-pad`: pads on the left; the hard cases took its authors years.')).toEqual([]);
});
