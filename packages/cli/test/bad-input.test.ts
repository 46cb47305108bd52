/** Bad input of every kind gives one clear error with a code and the stated exit status, and names the file (issue 3, "Bad input"). */
import { truncateSync } from 'node:fs';
import { catalogue, type ErrorCode } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { exitOf } from '../src/exit.ts';
import { type HostileFile, hostileDocuments, hostileKeys } from './hostile-files.ts';
import { ARTIFACT, COSIGN_SIGNER, instanceAndRoot, NATIVE_SIGNER } from './material.ts';
import { type Run, runCli, runCosign, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const { instance, root } = instanceAndRoot();
const bundle = Buffer.from(instance.sign(ARTIFACT).bundleBytes).toString();
const artifact = scratch.write('app.tgz', ARTIFACT);
const rootFile = scratch.write('root.json', root);
const bundleFile = scratch.write('app.tgz.sigstore.json', bundle);
const result = (await runCli(['verify', artifact, ...NATIVE_SIGNER, '--trusted-root', rootFile, '--output', 'json'])).stdout;

/** What holds for every kind of file, unless the kind says otherwise. */
const CODES: Readonly<Record<string, ErrorCode>> = { oversized: 'FILE_TOO_LARGE', missing: 'FILE_NOT_FOUND', 'a folder': 'FILE_UNREADABLE' };

interface Kind {
  readonly kind: string;
  readonly code: ErrorCode;
  readonly codes?: Readonly<Record<string, ErrorCode>>;
  readonly files: readonly HostileFile[];
  readonly assay: (path: string) => readonly string[];
  readonly cosign?: (path: string) => readonly string[];
}

const NO_VERSION = { 'an empty object': 'BUNDLE_VERSION', 'prototype pollution': 'BUNDLE_VERSION' } as const;
const NO_TYPE = { 'an empty object': 'TRUST_ROOT_SHAPE', 'prototype pollution': 'TRUST_ROOT_SHAPE' } as const;

const kinds: readonly Kind[] = [
  {
    kind: 'bundle',
    code: 'BUNDLE_PARSE',
    codes: NO_VERSION,
    files: hostileDocuments(bundle, 128),
    assay: (path) => ['verify', artifact, '--bundle', path, ...NATIVE_SIGNER, '--trusted-root', rootFile],
    cosign: (path) => ['verify-blob', '--bundle', path, ...COSIGN_SIGNER, '--trusted-root', rootFile, artifact],
  },
  {
    kind: 'trusted root',
    code: 'TRUST_ROOT_PARSE',
    codes: NO_TYPE,
    files: hostileDocuments(root, 16),
    assay: (path) => ['verify', artifact, ...NATIVE_SIGNER, '--trusted-root', path],
    cosign: (path) => ['verify-blob', '--bundle', bundleFile, ...COSIGN_SIGNER, '--trusted-root', path, artifact],
  },
  { kind: 'saved result', code: 'RESULT_PARSE', files: hostileDocuments(result, 64), assay: (path) => ['explain', path] },
  { kind: 'key', code: 'KEY_PARSE', files: hostileKeys(), assay: (path) => ['verify', artifact, '--key', path, '--trusted-root', rootFile] },
];

describe.each(kinds)('a $kind that is', ({ kind, code, codes = {}, files, assay, cosign }) => {
  test.each(files)('$name', async ({ name, write }) => {
    const path = write(scratch, `${kind}-${name}`);
    const expected = codes[name] ?? CODES[name] ?? code;
    const run = await runCli(assay(path));
    const text = run.stdout + run.stderr;
    expect(text).toContain(`[${expected}]`);
    expect(text).toContain(path);
    expect(run.status).toBe(exitOf(catalogue[expected].kind));
    expectReadable(run);

    if (cosign === undefined) return;
    const other = await runCosign(cosign(path));
    expect(other).toMatchObject({ status: 1, stdout: '' });
    expect(other.stderr).toContain(path);
    expectReadable(other);
  });
});

/** Nothing of our inside shows. */
function expectReadable({ stdout, stderr }: Run): void {
  const text = stdout + stderr;
  expect(text).not.toMatch(/\n\s+at |\[object |undefined|(?<![\w+/])NaN(?![\w+/])|internal error|node:|TypeError/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
}

describe('numbers in a bundle', () => {
  test.each([
    ['a number with leading zeros', '4163442', '04163442'],
    ['a number with a fraction', '4163442', '4163442.5'],
    ['an exponent in text', '"4163442"', '"4163442e0"'],
    ['a fraction in text', '"4163442"', '"4163442.0"'],
    ['leading zeros in text', '"4163442"', '"04163442"'],
    ['a plus sign', '"4163442"', '"+4163442"'],
    ['white space', '"4163442"', '" 4163442"'],
    ['hexadecimal', '"4163442"', '"0x3f8772"'],
    ['minus zero', '"4163442"', '"-0"'],
    ['65 bits', '"4163442"', '"36893488147419103232"'],
    ['a boolean', '"4163442"', 'true'],
    ['an object', '"4163442"', '{}'],
  ])('are refused when written as %s', async (name, canonical, written) => {
    const quoted = canonical.startsWith('"') ? canonical : `"${canonical}"`;
    const path = scratch.write(`number-${name}.json`, bundle.replace(`"logIndex":${quoted}`, `"logIndex":${written}`));
    const run = await runCli(['verify', artifact, '--bundle', path, ...NATIVE_SIGNER, '--trusted-root', rootFile]);
    expect(run.status).toBe(4);
    expect(run.stdout).toMatch(/\[BUNDLE_(?:PARSE|SHAPE)\]/);
    expectReadable(run);
  });
});

describe('a member of a bundle with the wrong type', () => {
  test.each(['mediaType', 'verificationMaterial', 'certificate', 'rawBytes', 'tlogEntries', 'logId', 'kindVersion', 'canonicalizedBody', 'messageSignature'])(
    '%s',
    async (name) => {
      for (const value of ['1', 'null', '[]', '{}', 'false', '"?"']) {
        const path = scratch.write('wrong-type.json', replaceMember(bundle, name, value));
        const run = await runCli(['verify', artifact, '--bundle', path, ...NATIVE_SIGNER, '--trusted-root', rootFile]);
        expect(run.status, `${name}: ${value}`).toBeGreaterThan(0);
        expect(run.stdout).toMatch(/\[[A-Z]+_[A-Z_]+\]/);
        expectReadable(run);
      }
    },
  );
});

function replaceMember(json: string, name: string, value: string): string {
  return JSON.stringify(
    JSON.parse(json, (key, old: unknown) => {
      return key === name ? (JSON.parse(value) as unknown) : old;
    }),
  );
}

describe('an artifact', () => {
  const verify = (path: string) => runCli(['verify', path, '--bundle', bundleFile, ...NATIVE_SIGNER, '--trusted-root', rootFile]);

  test.each([
    ['that is missing', () => scratch.path('nofile'), 2, 'FILE_NOT_FOUND'],
    ['that is a folder', () => scratch.folder, 2, 'FILE_UNREADABLE'],
    ['below a file', () => `${artifact}/x`, 2, 'FILE_NOT_FOUND'],
    ['that is empty', () => scratch.write('empty', ''), 1, 'ARTIFACT_MISMATCH_DIGEST'],
    ['that is binary', () => scratch.write('binary', Uint8Array.of(0, 255, 10)), 1, 'ARTIFACT_MISMATCH_DIGEST'],
    ['that is larger than what is held in memory', () => sparse('large', 17), 1, 'ARTIFACT_MISMATCH_DIGEST'],
  ] as const)('%s', async (_, path, status, code) => {
    const run = await verify(path());
    expect(run.status).toBe(status);
    expect(run.stdout + run.stderr).toContain(`[${code}]`);
    expect(run.stdout + run.stderr).toContain(path());
    expectReadable(run);
  });

  test('named with control characters cannot forge a line of the verdict', async () => {
    const path = scratch.write('a\u001b[2K\n✔ fake is verified', 'x');
    const run = await verify(path);
    expect(run.status).toBe(1);
    expectReadable(run);
  });
});

function sparse(name: string, mebibytes: number): string {
  const path = scratch.write(name, '');
  truncateSync(path, mebibytes * 1024 * 1024);
  return path;
}

describe('a saved result on standard input', () => {
  test('that never ends is cut at the cap', async () => {
    const run = await runCli(['explain', '-'], { stdin: new Uint8Array(64 * 1024 * 1024 + 1) });
    expect(run).toMatchObject({ status: 4, stdout: '' });
    expect(run.stderr).toContain('[FILE_TOO_LARGE]');
  });
});
