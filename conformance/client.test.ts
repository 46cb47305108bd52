/** Every vector through the conformance client, as a file and as a digest; a few of them as the suite does it, as a process. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { main } from './main.ts';

interface Case {
  readonly name: string;
  readonly expect: 'pass' | 'fail';
  readonly args: readonly string[];
  readonly digestArgument: string;
  readonly needsDefaultTrustedRoot: boolean;
}

interface CaseFile {
  readonly defaultTrustedRoot: string;
  readonly cases: readonly Case[];
}

const folder = join(process.env['ASSAY_VECTORS'] ?? fileURLToPath(new URL('../../shared/vectors', import.meta.url)), 'bundles');
const present = existsSync(join(folder, 'cases.json'));
const file: CaseFile = present ? JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) : { defaultTrustedRoot: '', cases: [] };

/** As the suite runs it, but with the default trusted root from a file: nothing may go online here. */
function argumentsOf({ args, digestArgument, needsDefaultTrustedRoot }: Case, form: 'file' | 'digest'): string[] {
  const root = needsDefaultTrustedRoot ? ['--trusted-root', file.defaultTrustedRoot] : [];
  return [...args.slice(0, -1), ...root, form === 'file' ? (args.at(-1) as string) : digestArgument];
}

const client = fileURLToPath(new URL('client', import.meta.url));

function runClient(args: readonly string[]): { status: number | null; stderr: string } {
  // The system's own Node first, whichever that is: the client must cope.
  const path = (process.env['PATH'] ?? '').split(':').filter((entry) => !entry.includes('node_modules'));
  return spawnSync(client, args, { cwd: folder, encoding: 'utf8', env: { ...process.env, PATH: path.join(':') } });
}

describe.skipIf(!present)('all vectors', () => {
  const before = process.cwd();
  beforeAll(() => process.chdir(folder));
  afterAll(() => process.chdir(before));

  test('are there', () => expect(file.cases.length).toBeGreaterThanOrEqual(41));

  const runs = file.cases.flatMap((one) => (['file', 'digest'] as const).map((form) => [one.name, form, one] as const));
  test.each(runs)('%s as a %s', async (_, form, one) => {
    const lines: string[] = [];
    const status = await main(argumentsOf(one, form), (line) => lines.push(line));
    expect(status, lines.join('\n')).toBe(one.expect === 'pass' ? 0 : 1);
    expect(lines.length > 0).toBe(one.expect === 'fail');
  });
});

describe.skipIf(!present)('as a process', () => {
  const names = [
    'happy-path-v0.3-new-mediaType',
    'intoto-with-custom-trust-root',
    'managed-key-and-trusted-root',
    'rekor2-happy-path',
    'set-invalid-signature_fail',
  ];
  test.each(names)('%s', (name) => {
    const one = file.cases.find((candidate) => candidate.name === name) as Case;
    for (const form of ['file', 'digest'] as const) {
      const { status, stderr } = runClient(argumentsOf(one, form));
      expect(status, stderr).toBe(one.expect === 'pass' ? 0 : 1);
    }
  });
});

const misused: [string, string[]][] = [
  ['no command', []],
  ['an unknown command', ['verify']],
  ['signing without a token', ['sign-bundle', '--bundle', 'b', 'f']],
  ['no bundle', ['verify-bundle', 'a.txt']],
  ['an unknown flag', ['verify-bundle', '--insecure', 'a.txt']],
  ['an identity without an issuer', ['verify-bundle', '--bundle', 'b', '--certificate-identity', 'x', 'a.txt']],
];

test.each(misused)('refuses %s', async (_, args) => {
  const lines: string[] = [];
  expect(await main(args, (line) => lines.push(line))).not.toBe(0);
  expect(lines).toHaveLength(1);
});
