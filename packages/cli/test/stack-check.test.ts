/** `assay stack status` and `assay stack check`: what an operator sees, and what scripts get. */
import { chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLog, startStack } from '@assay/stack';
import { beforeAll, describe, expect, test } from 'vitest';
import { copyOf } from '../../stack/test/stack-copy.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';
import { startStackProcess } from './stack-process.ts';

const scratch = new Scratch();
const START = new Date('2026-03-01T10:00:00Z');
const data = join(scratch.folder, 'stack');
let origin = '';

beforeAll(async () => {
  origin = await made(data);
});

/** The address of a stack that was made at `START`, and stopped. */
async function made(directory: string, options: { readonly passphrase?: string } = {}): Promise<string> {
  const stack = await startStack({ directory, clock: () => START, log: createLog('silent', () => undefined), ...options });
  await stack.close();
  return stack.endpoints.origin;
}

/** Neither opens a socket. */
const assay = (command: 'status' | 'check', folder: string, { now = START, more = [] as string[] } = {}): Promise<Run> =>
  runCli(['stack', command, '--data', folder, ...more], { now });

describe('assay stack status', () => {
  test('is a page: where it is, its keys, its logs, its TUF metadata', async () => {
    const { status, stdout, stderr } = await assay('status', data);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe(`stack    ${data}
address  ${origin}, not running
made     2026-03-01T10:00:00Z

keys                     in use from           until  chain ends
certificate authority 1  2026-03-01T10:00:00Z  -      2036-03-01T10:00:00Z
CT log 1                 2026-03-01T10:00:00Z  -      -
Rekor v1 1               2026-03-01T10:00:00Z  -      -
Rekor v2 1               2026-03-01T10:00:00Z  -      -
timestamp authority 1    2026-03-01T10:00:00Z  -      2036-03-01T10:00:00Z
TUF repository 1         2026-03-01T10:00:00Z  -      -
OIDC issuer 1            2026-03-01T10:00:00Z  -      -

logs        entries
CT log 1    0
Rekor v1 1  0
Rekor v2 1  0

TUF        version  expires
root       1        2028-02-29T10:00:00Z
targets    1        2028-02-29T10:00:00Z
snapshot   1        2026-03-31T10:00:00Z
timestamp  1        2026-03-08T10:00:00Z
`);
  });

  test.each([
    [
      'what expires soon is told, and is no failure',
      '2026-03-07T12:00:00Z',
      0,
      '! TUF timestamp 1 expires on 2026-03-08T10:00:00Z, in 22 hours\n  try  start the stack: it renews it itself\n',
    ],
    [
      'what has expired is a failure',
      '2026-03-08T12:00:00Z',
      1,
      '✘ TUF timestamp 1 expired on 2026-03-08T10:00:00Z\n  try  start the stack: it renews it itself\n',
    ],
  ])('%s', async (_name, now, status, part) => {
    expect(await assay('status', data, { now: new Date(now) })).toMatchObject({ status, stdout: expect.stringContaining(`\n\n${part}\nkeys`), stderr: '' });
  });

  test('is data for scripts', async () => {
    const { status, stdout } = await assay('status', data, { now: new Date('2026-03-08T12:00:00Z'), more: ['--output', 'json'] });
    expect(status).toBe(1);
    expect(stdout).toMatch(/^[^\n]+\n$/);
    expect(JSON.parse(stdout)).toMatchObject({
      directory: data,
      origin,
      running: null,
      generations: expect.arrayContaining([expect.objectContaining({ kind: 'tsa', number: 1, start: '2026-03-01T10:00:00.000Z' })]),
      logs: expect.arrayContaining([expect.objectContaining({ kind: 'rekorV2', folder: 'rekor/v2/1', size: 0 })]),
      warnings: [{ expired: true, says: 'TUF timestamp 1 expired on 2026-03-08T10:00:00Z' }],
    });
  });

  test('names the process that runs it, and does not disturb it', async () => {
    const folder = join(scratch.folder, 'running');
    const stack = await startStackProcess(folder);
    for (let i = 0; i < 3; i++) {
      const { stdout } = await assay('status', folder, { now: new Date() });
      expect(stdout).toContain(`address  ${stack.endpoints.origin}, running, process ${stack.pid}\n`);
    }
    expect(await assay('check', folder, { now: new Date() })).toMatchObject({ status: 0 });
    await expect(startStackProcess(folder)).rejects.toThrow(`is in use by process ${stack.pid}`);
    expect(await stack.end()).toBe(0);
    expect((await assay('status', folder, { now: new Date() })).stdout).toContain('not running');
  });
});

describe('assay stack check', () => {
  test('says when nothing is wrong', async () => {
    expect(await assay('check', data)).toEqual({ status: 0, stdout: `${data}: nothing is wrong\n`, stderr: '' });
  });

  test('tells each file that is damaged, what is wrong, and what to do', async () => {
    const folder = copyOf(data);
    chmodSync(join(folder, 'keys/ca-1.pem'), 0o644);
    chmodSync(join(folder, 'keys'), 0o775);
    rmSync(join(folder, 'tsa/chain-1.pem'));
    const { status, stdout, stderr } = await assay('check', folder);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    expect(stdout).toBe(`✘ keys/ca-1.pem  others than its owner may read or change this file
    expected  0600
    found     0644
    try       chmod 0600 ${folder}/keys/ca-1.pem
✘ tsa/chain-1.pem  the chain is missing
    try       restore the file from a backup
! keys  a group may put other files into this folder
    expected  0700
    found     0775
    try       chmod g-w ${folder}/keys
${folder}: 2 errors, 1 warning
`);
    const json = await assay('check', folder, { more: ['--output', 'json'] });
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      data: folder,
      errors: 2,
      warnings: 1,
      findings: [{ severity: 'error', path: 'keys/ca-1.pem', expected: '0600' }, {}, {}],
    });
  });

  test('warnings alone are no failure', async () => {
    const folder = copyOf(data);
    chmodSync(join(folder, 'keys'), 0o770);
    expect(await assay('check', folder)).toMatchObject({ status: 0, stdout: expect.stringContaining('1 warning\n') });
  });

  test('names of files cannot forge lines', async () => {
    const folder = copyOf(data);
    const name = 'x\n✘ forged.pem';
    writeFileSync(join(folder, 'keys', name), '', { mode: 0o644 });
    chmodSync(join(folder, 'keys', name), 0o644);
    const { stdout } = await assay('check', folder);
    expect(stdout).toContain('✘ keys/x\\u000a✘ forged.pem  others');
    expect(readdirSync(join(folder, 'keys'))).toContain(name);
  });

  test('opens encrypted keys with ASSAY_STACK_PASSPHRASE', async () => {
    const folder = join(scratch.folder, 'encrypted');
    await made(folder, { passphrase: 'open sesame' });
    const run = (env: Record<string, string>): Promise<Run> => runCli(['stack', 'check', '--data', folder], { now: START, env });
    expect(await run({ ASSAY_STACK_PASSPHRASE: 'open sesame' })).toMatchObject({ status: 0, stdout: `${folder}: nothing is wrong\n` });
    expect(await run({})).toMatchObject({ status: 0, stdout: expect.stringContaining('without a passphrase they were not looked at') });
    expect(await run({ ASSAY_STACK_PASSPHRASE: 'wrong' })).toMatchObject({ status: 1, stdout: expect.not.stringContaining('wrong') });
  });
});

test.each(['status', 'check'] as const)('%s of a folder without a stack is malformed input', async (command) => {
  expect(await assay(command, scratch.folder)).toMatchObject({ status: 4, stdout: '', stderr: expect.stringContaining('[STACK_DATA]') });
});
