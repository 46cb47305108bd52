/** `assay lint` as a command: what it reads, what it prints, and how it ends. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from './run-cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'assay-lint-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => join(folder, name);
const PAGES = fileURLToPath(new URL('../../lint/test/', import.meta.url));
const BAD = 'cosign sign --yes a/b:v1\n';

beforeAll(() => {
  for (const name of ['tree/.github/workflows', 'tree/.git', 'tree/node_modules/x', 'tree/docs']) mkdirSync(file(name), { recursive: true });
  writeFileSync(file('bad.sh'), BAD);
  writeFileSync(file('good.sh'), 'cosign sign --yes "a/b@$DIGEST"\n');
  writeFileSync(file('tree/.github/workflows/x.yml'), 'steps:\n  - uses: actions/checkout@v4\n');
  writeFileSync(file('tree/docs/a.sh'), BAD);
  writeFileSync(file('tree/docs/picture.png'), new Uint8Array([0x89, 0x50, 0, 1, 2]));
  for (const name of ['tree/.git/x.sh', 'tree/node_modules/x/x.sh']) writeFileSync(file(name), BAD);
  symlinkSync(file('tree'), file('tree/docs/loop'));
  writeFileSync(file('tree/zz-large.md'), new Uint8Array(9 * 1024 * 1024).fill(0x61));
});

test('a page of correct commands passes, without a word', async () => {
  expect(await runCli(['lint', join(PAGES, 'correct-page.md')])).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('a page with defects fails, one line for each', async () => {
  const { status, stdout } = await runCli(['lint', join(PAGES, 'wrong-page.md')]);
  expect(status).toBe(1);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(19);
  for (const line of lines) expect(line).toMatch(/wrong-page\.md:\d+:\d+: [a-z-]+: .+ → .+ \(.+\)$/);
});

test('folders are walked in order, without what is no text of theirs', async () => {
  const { status, stdout, stderr } = await runCli(['lint', file('tree')]);
  expect(status).toBe(1);
  expect(stdout.trimEnd().split('\n')).toEqual([
    expect.stringContaining(`${file('tree/.github/workflows/x.yml')}:2:11: action-not-pinned: actions/checkout@v4 → actions/checkout@COMMIT # v4 (`),
    expect.stringContaining(`${file('tree/docs/a.sh')}:1:19: sign-by-tag: a/b:v1 → a/b@sha256:DIGEST (`),
  ]);
  expect(stderr).toBe(`assay: ${file('tree/zz-large.md')} was not read: larger than the cap of 8388608 bytes\n`);
});

describe('standard input', () => {
  test.each<[string, string, string]>([
    ['a command line', BAD, 'sign-by-tag'],
    ['a script', `#!/usr/bin/env bash\n${BAD}`, 'sign-by-tag'],
    ['a policy', 'apiVersion: v1\nkind: Pod\nspec: { containers: [{ image: nginx }] }\n', 'image-by-tag'],
    ['a page', `# Title\n\n\`\`\`sh\n${BAD}\`\`\`\n`, 'sign-by-tag'],
    ['a Dockerfile', 'FROM nginx\n', 'image-by-tag'],
    ['prose', 'see https://github.acme.net/a\n', 'foreign-host'],
  ])('%s is told by how it begins', async (_, stdin, rule) => {
    const { status, stdout } = await runCli(['lint', '-'], { stdin });
    expect([status, stdout]).toEqual([1, expect.stringMatching(new RegExp(`^<stdin>:\\d+:\\d+: ${rule}: `))]);
  });
});

describe('what is no plain text', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const utf16 = (text: string, order: 'le' | 'be'): Uint8Array => {
    const encoded = Buffer.from(`\ufeff${text}`, 'utf16le');
    return order === 'le' ? encoded : encoded.swap16();
  };

  test.each<[string, Uint8Array, string]>([
    ['a mark', bytes(`\ufeff${BAD}`), '1:19'],
    ['CRLF', bytes('# a\r\ncosign sign \\\r\n  --yes a/b:v1\r\n'), '3:9'],
    ['bytes that are no UTF-8', new Uint8Array([0x23, 0xff, 0xfe, 0xc3, 0x0a, ...bytes(BAD)]), '2:19'],
    ['UTF-16', utf16(BAD, 'le'), '1:19'],
    ['UTF-16, the other way', utf16(BAD, 'be'), '1:19'],
    ['a NUL far behind', bytes(`${BAD}#${'x'.repeat(9000)}\0`), '1:19'],
  ])('%s', async (_, content, place) => {
    writeFileSync(file('odd.sh'), content);
    const { status, stdout } = await runCli(['lint', file('odd.sh')]);
    expect([status, stdout]).toEqual([1, expect.stringContaining(`odd.sh:${place}: sign-by-tag: a/b:v1 → a/b@sha256:DIGEST (`)]);
  });

  test('a program that is named is told to be none', async () => {
    writeFileSync(file('program'), new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0]));
    expect(await runCli(['lint', file('program')])).toEqual({ status: 0, stdout: '', stderr: `assay: ${file('program')} was not read: not text\n` });
  });

  test('YAML that does not parse still has its scripts and hosts', async () => {
    writeFileSync(file('broken.yml'), 'a: [\n- b: }\n  run: |\n    cosign sign --yes a/b:v1\nc: https://github.acme.net/d\n');
    const { stdout } = await runCli(['lint', file('broken.yml')]);
    expect([...stdout.matchAll(/: ([a-z-]+): /g)].map(([, rule]) => rule)).toEqual(['sign-by-tag', 'foreign-host']);
  });
});

describe('options', () => {
  test('rules are chosen and left out', async () => {
    expect((await runCli(['lint', file('bad.sh'), '--ignore', 'sign-by-tag'])).status).toBe(0);
    expect((await runCli(['lint', file('bad.sh'), '--rule', 'sign-by-tag'])).status).toBe(1);
    expect((await runCli(['lint', file('bad.sh'), '--rule', 'image-by-tag', '--rule', 'deprecated'])).status).toBe(0);
  });

  test('a host may be our own', async () => {
    const text = 'https://github.acme.net/a';
    expect((await runCli(['lint', '-'], { stdin: text })).status).toBe(1);
    expect((await runCli(['lint', '-', '--allow-host', 'acme.net'], { stdin: text })).status).toBe(0);
  });

  test('all rules are told', async () => {
    const { status, stdout } = await runCli(['lint', '--list-rules']);
    expect([status, stdout]).toEqual([0, expect.stringContaining('unescaped-dot (warning)\n')]);
    const rules: unknown = JSON.parse((await runCli(['lint', '--list-rules', '--output', 'json'])).stdout);
    expect(rules).toContainEqual(expect.objectContaining({ id: 'sign-by-tag', severity: 'warning' }));
  });

  test.each<[string, readonly string[]]>([
    ['nothing to read', []],
    ['a rule that is none', ['--rule', 'x', file('bad.sh')]],
    ['a form that is none', ['--output', 'xml', file('bad.sh')]],
    ['a file that is not there', [file('absent')]],
  ])('%s is a mistake', async (_, argv) => {
    const { status, stdout } = await runCli(['lint', ...argv]);
    expect([status, stdout]).toEqual([2, '']);
  });

  test('a file that is named must not be too large', async () => {
    expect(await runCli(['lint', file('tree/zz-large.md')])).toMatchObject({ status: 4, stderr: expect.stringContaining('FILE_TOO_LARGE') });
  });
});

describe('forms', () => {
  test('JSON', async () => {
    const { findings, rules, skipped } = JSON.parse((await runCli(['lint', '--output', 'json', file('bad.sh'), file('tree')])).stdout);
    expect(findings[0]).toMatchObject({ rule: 'sign-by-tag', start: { line: 1, column: 19 }, text: 'a/b:v1', correction: 'a/b@sha256:DIGEST', fixable: false });
    expect(rules['sign-by-tag'].severity).toBe('warning');
    expect(skipped).toEqual([{ file: file('tree/zz-large.md'), reason: 'larger than the cap of 8388608 bytes' }]);
  });

  test('SARIF, also of nothing', async () => {
    const log = JSON.parse((await runCli(['lint', '--output', 'sarif', file('bad.sh')])).stdout);
    expect(log).toMatchObject({ version: '2.1.0', runs: [{ results: [{ ruleId: 'sign-by-tag', level: 'warning' }] }] });
    const empty = await runCli(['lint', '--output', 'sarif', file('good.sh')]);
    expect(empty.status).toBe(0);
    expect(JSON.parse(empty.stdout).runs[0].results).toEqual([]);
  });

  test('workflow commands', async () => {
    const { stdout } = await runCli(['lint', '--output', 'github', file('bad.sh')]);
    expect(stdout).toBe(
      `::warning file=${file('bad.sh')},line=1,endLine=1,col=19,endColumn=25,title=sign-by-tag::sign takes whatever the tag v1 points to now. Instead: a/b@sha256:DIGEST\n`,
    );
  });
});
