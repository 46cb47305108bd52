/** `assay trust`: roots that are pinned once. */
import { readFileSync } from 'node:fs';
import { makeTufRepository } from '@assay/make';
import { serve } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { type Run, runCli, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const NOW = new Date('2026-08-25T00:00:00Z');
const MIRROR = 'https://tuf.example';
const ROOT = scratch.write('root.json', rootOf());
const OTHER = scratch.write('other.json', rootOf());
const HINT = 'compare the fingerprint with one that you have from elsewhere, before you rely on it\n';

function rootOf(): Uint8Array {
  return makeTufRepository({ now: NOW, targets: {} }).initialRoot;
}

let homes = 0;
/** As a user who has pinned nothing. */
function user(options: { network?: 'open'; now?: Date } = {}): (...argv: string[]) => Promise<Run> {
  const home = scratch.path(`home-${homes++}`);
  return async (...argv) => scratch.relative(await runCli(['trust', ...argv], { now: NOW, ...options, env: { HOME: home } }));
}
const pinnedAs = (name: string, from: string, mirror = MIRROR, sha256 = '[0-9a-f]{64}'): unknown =>
  expect.stringMatching(`^${name}: root 1 of ${mirror} is pinned\n  sha256  ${sha256}\n  from    ${from}\n$`);

describe('add', () => {
  test('shows the fingerprint, and keeps the root for its user alone', async () => {
    const assay = user();
    const run = await assay('add', 'staging', '--root', ROOT, '--mirror', MIRROR);
    expect(run).toEqual({ status: 0, stdout: pinnedAs('staging', 'root.json'), stderr: HINT });
    expect((await assay('list')).stdout).toMatch(
      /^staging\n {2}mirror {2}https:\/\/tuf\.example\n {2}sha256 {2}[0-9a-f]{64}\n {2}from {4}root\.json, 2026-08-25T00:00:00\.000Z\n$/,
    );
  });

  test('again changes nothing', async () => {
    const assay = user();
    const [first, again] = [await assay('add', 'a', '--root', ROOT, '--mirror', MIRROR), await assay('add', 'a', '--root', ROOT, '--mirror', MIRROR)];
    expect(again).toEqual(first);
  });

  test.each([
    ['another root', ['--root', OTHER, '--mirror', MIRROR]],
    ['another mirror', ['--root', ROOT, '--mirror', `${MIRROR}/x`]],
  ])('%s is refused', async (_, argv) => {
    const assay = user();
    await assay('add', 'a', '--root', ROOT, '--mirror', MIRROR);
    const before = await assay('list');
    const run = await assay('add', 'a', ...argv);
    expect(run).toMatchObject({ status: 2, stdout: '' });
    expect(run.stderr).toContain('another root is pinned as a');
    expect(run.stderr).toContain('assay trust remove a');
    expect(await assay('list')).toEqual(before);
  });

  test('with the fingerprint that it must have', async () => {
    const assay = user();
    const wrong = await assay('add', 'a', '--root', ROOT, '--mirror', MIRROR, '--sha256', '0'.repeat(64));
    expect(wrong).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('root.json: has another fingerprint') as string });
    const right = /found\s+([0-9a-f]{64})/.exec(wrong.stderr)?.[1] ?? '';
    expect(await assay('list')).toMatchObject({ stdout: '' });
    expect(await assay('add', 'a', '--root', ROOT, '--mirror', MIRROR, '--sha256', right.toUpperCase())).toEqual({
      status: 0,
      stdout: pinnedAs('a', 'root.json', MIRROR, right),
      stderr: '',
    });
  });

  test('from a URL', async () => {
    const server = await serve(async () => new Response(readFileSync(ROOT)));
    const assay = user({ network: 'open' });
    expect(await assay('add', 'a', '--root', `${server.url}/root.json`, '--mirror', MIRROR)).toMatchObject({
      status: 0,
      stdout: pinnedAs('a', `${server.url}/root.json`),
    });
    await server.close();
    expect(await assay('add', 'b', '--root', `${server.url}/root.json`, '--mirror', MIRROR)).toMatchObject({ status: 3, stdout: '' });
  });

  test('one that has expired is a beginning still', async () => {
    expect(await user({ now: new Date('2066-01-01T00:00:00Z') })('add', 'a', '--root', ROOT, '--mirror', MIRROR)).toMatchObject({
      status: 0,
      stdout: pinnedAs('a', 'root.json'),
    });
  });

  test('of GitHub needs no mirror', async () =>
    expect(await user()('add', 'github', '--root', ROOT)).toMatchObject({ status: 0, stdout: pinnedAs('github', 'root.json', 'https://tuf-repo.github.com') }));

  test.each([
    ['a name with a slash', 2, 'not a name for a root: ../x', ['../x', '--root', ROOT, '--mirror', MIRROR]],
    ['a name in capitals', 2, 'not a name for a root: A', ['A', '--root', ROOT, '--mirror', MIRROR]],
    ['no mirror', 2, 'the TUF repository of a is not known', ['a', '--root', ROOT]],
    ['a mirror that is no URL', 2, 'not a URL of a TUF repository: /srv/tuf', ['a', '--root', ROOT, '--mirror', '/srv/tuf']],
    ['no root', 2, "required option '--root <file>' not specified", ['a', '--mirror', MIRROR]],
    ['a file that is not there', 2, 'no such file', ['a', '--root', 'nothing.json', '--mirror', MIRROR]],
    ['a file that is no root', 1, 'is no root of a TUF repository', ['a', '--root', scratch.write('x.json', '{}'), '--mirror', MIRROR]],
    ['a root whose signature does not hold', 1, 'is no root of a TUF repository', ['a', '--root', scratch.write('y.json', tampered()), '--mirror', MIRROR]],
  ])('%s is refused', async (_, status, says, argv) => {
    const run = await user()('add', ...argv);
    expect(run).toMatchObject({ status, stdout: '' });
    expect(run.stderr).toContain(says);
  });

  function tampered(): string {
    return readFileSync(ROOT, 'utf8').replace(/"version":\s*1\b/, '"version":2');
  }
});

describe('what was pinned', () => {
  test('is listed by name', async () => {
    const assay = user();
    for (const name of ['b', 'a']) await assay('add', name, '--root', ROOT, '--mirror', MIRROR);
    expect((await assay('list')).stdout.split('\n').filter((line) => /^\S/.test(line))).toEqual(['a', 'b']);
  });

  test('is forgotten', async () => {
    const assay = user();
    await assay('add', 'a', '--root', ROOT, '--mirror', MIRROR);
    expect(await assay('remove', 'a')).toEqual({ status: 0, stdout: 'a: is no longer pinned\n', stderr: '' });
    expect(await assay('list')).toEqual({ status: 0, stdout: '', stderr: 'nothing is pinned; public Sigstore needs no pin\n' });
    expect(await assay('remove', 'a')).toMatchObject({ status: 2, stderr: expect.stringContaining('nothing is pinned as a') as string });
    expect(await assay('add', 'a', '--root', OTHER, '--mirror', MIRROR)).toMatchObject({ status: 0 });
  });

  test('and changed by others is not used', async () => {
    const env = { XDG_CONFIG_HOME: scratch.path('config') };
    const assay = (...argv: string[]): Promise<Run> => runCli(argv, { now: NOW, env });
    await assay('trust', 'add', 'github', '--root', ROOT, '--mirror', MIRROR);
    const file = scratch.path('config/assay/trust/github.json');
    const pin = JSON.parse(readFileSync(file, 'utf8')) as object;
    scratch.write('config/assay/trust/github.json', { ...pin, root: readFileSync(OTHER).toString('base64') });
    const says = 'is not the root that was pinned';
    expect(await assay('trust', 'list')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(says) as string });
    expect((await assay('gh', 'attestation', 'trusted-root')).stderr).toContain(says);
    expect(await assay('trust', 'remove', 'github')).toMatchObject({ status: 0 });
  });
});
