/** Nothing is connected to and no name is looked up when we are told to stay offline, or have all that we need. `runCli` fails a run that tries. */
import { createConnection } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ARTIFACT, COSIGN_SIGNER, instanceAndRoot, legacyBundleOf, NATIVE_SIGNER } from './material.ts';
import { watchNetwork } from './network-guard.ts';
import { runCli, runCosign, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const { instance, root } = instanceAndRoot();
const sample = instance.sign(ARTIFACT);
const rootFile = scratch.write('root.json', root);
const bundle = scratch.write('app.sigstore.json', sample.bundleBytes);
const old = scratch.write('app.bundle', legacyBundleOf(sample));
const app = scratch.write('app', ARTIFACT);

test('the guard notices a connection and a lookup', async () => {
  const guard = watchNetwork();
  try {
    expect(() => createConnection({ host: 'example.org', port: 443 })).toThrow(/network is closed/);
    await expect((async () => (await import('node:dns')).lookup('example.org', () => undefined))()).rejects.toThrow(/network is closed/);
    expect(guard.attempts).toHaveLength(2);
  } finally {
    guard.restore();
  }
});

test('the guard lets go', async () => {
  watchNetwork().restore();
  await expect(
    new Promise((_, reject) => {
      createConnection({ host: '127.0.0.1', port: 9 }).on('error', reject);
    }),
  ).rejects.toThrow(/ECONNREFUSED/);
});

describe('no socket is opened', () => {
  test.each([
    ['with --trusted-root', ['verify', app, ...NATIVE_SIGNER, '--trusted-root', rootFile], {}, 0],
    ['with ASSAY_TRUST', ['verify', app, ...NATIVE_SIGNER], { ASSAY_TRUST: rootFile }, 0],
    ['with --offline', ['verify', app, ...NATIVE_SIGNER, '--offline'], {}, 1],
    ['with ASSAY_OFFLINE=1', ['verify', app, ...NATIVE_SIGNER], { ASSAY_OFFLINE: '1' }, 1],
    ['with ASSAY_OFFLINE=true', ['verify', app, ...NATIVE_SIGNER], { ASSAY_OFFLINE: 'true' }, 1],
    ['for a key by URL with --offline', ['verify', app, '--key', 'http://example.org/k', '--offline'], {}, 2],
    ['for a key by URL with ASSAY_OFFLINE', ['verify', app, '--key', 'http://example.org/k'], { ASSAY_OFFLINE: 'true' }, 2],
    ['for a fresh root with --offline', ['verify', app, ...NATIVE_SIGNER, '--offline', '--require-fresh-root'], {}, undefined],
    ['by explain', ['explain', app], {}, 4],
  ] as [string, string[], Record<string, string>, number | undefined][])('%s', async (_, argv, env, status) => {
    const run = await runCli(argv, { env });
    if (status === undefined) expect(run.status).not.toBe(0);
    else expect(run.status).toBe(status);
  });

  const OFFLINE = { ASSAY_OFFLINE: '1' };
  const signature = Buffer.from(sample.expected.signature).toString('base64');
  test.each([
    ['with --trusted-root', ['verify-blob', '--bundle', bundle, ...COSIGN_SIGNER, '--trusted-root', rootFile, app], {}, /^Verified OK\n$/],
    ['with ASSAY_OFFLINE', ['verify-blob', '--bundle', bundle, ...COSIGN_SIGNER, app], OFFLINE, /^Error: failed to verify log inclusion/],
    ['with ASSAY_OFFLINE and an older bundle', ['verify-blob', '--bundle', old, ...COSIGN_SIGNER, app], OFFLINE, /^Error: /],
    [
      'for the log search with ASSAY_OFFLINE',
      ['verify-blob', '--certificate', scratch.write('c.pem', pemOf()), '--signature', signature, ...COSIGN_SIGNER, app],
      OFFLINE,
      /Error: .*offline/i,
    ],
    [
      'for a certificate by URL',
      ['verify-blob', '--certificate', 'https://example.org/c', '--signature', signature, ...COSIGN_SIGNER, app],
      OFFLINE,
      /offline/i,
    ],
    ['for a blob by URL', ['verify-blob', '--bundle', bundle, ...COSIGN_SIGNER, '--trusted-root', rootFile, 'https://example.org/app'], OFFLINE, /offline/i],
  ] as [string, string[], Record<string, string>, RegExp][])('by cosign verify-blob %s', async (_, argv, env, stderr) => {
    const run = await runCosign(argv, { env });
    expect(run.stdout).toBe('');
    expect(run.stderr).toMatch(stderr);
  });
});

function pemOf(): string {
  return Buffer.from(legacyBundleOf(sample).cert ?? '', 'base64').toString();
}
