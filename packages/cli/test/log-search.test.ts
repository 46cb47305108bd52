/** Acceptance row 39: bare signature and certificate by URL, found in the transparency log; and logs that answer wrongly. */
import { rekorV1Stub, type StubFault, serve } from '@assay/testkit';
import { afterAll, describe, expect, test } from 'vitest';
import { writeBlobFiles } from './blob-files.ts';
import { ARTIFACT, ISSUER } from './material.ts';
import { type RunOptions, runCosign, Scratch } from './run-cli.ts';

const scratch = new Scratch();
const { instance, looseTrust } = writeBlobFiles(scratch);
const checksums = scratch.write('checksums.txt', ARTIFACT);
const { readFileSync } = await import('node:fs');

const DEPRECATED = {
  certificate: 'Flag --certificate has been deprecated, please use --bundle with --trusted-root to provide the public certificate\n',
  signature: 'Flag --signature has been deprecated, please use --bundle to provide a signature\n',
  rekorUrl: 'Flag --rekor-url has been deprecated, please use --bundle, which includes the Rekor inclusion proof\n',
};

/** Release files behind two redirects, as GitHub serves them. */
const release = await serve(async (request) => {
  const { pathname } = new URL(request.url);
  const files: Record<string, string> = { '/f/checksums.txt.pem': 'a.pem', '/f/checksums.txt.sig': 'a.sig', '/f/checksums.txt.pem.b64': 'a.pem.b64' };
  if (pathname.startsWith('/releases/')) return new Response(null, { status: 302, headers: { Location: pathname.replace('/releases/', '/cdn/') } });
  if (pathname.startsWith('/cdn/')) return new Response(null, { status: 307, headers: { Location: pathname.replace('/cdn/', '/f/') } });
  if (pathname === '/f/loop') return new Response(null, { status: 302, headers: { Location: '/f/loop' } });
  const file = files[pathname];
  return file === undefined ? new Response('', { status: 404 }) : new Response(readFileSync(scratch.path(file)));
});
const silent = await serve(() => new Promise(() => undefined));
const closing: (() => Promise<void>)[] = [release.close, silent.close];
afterAll(async () => {
  for (const close of closing) await close();
});

async function log(fault?: StubFault): Promise<string> {
  const server = await serve(rekorV1Stub(instance, fault === undefined ? {} : { fault }));
  closing.push(server.close);
  return server.url;
}

const base = `${release.url}/releases`;
const LOOSE = ['--certificate', `${base}/checksums.txt.pem`, '--signature', `${base}/checksums.txt.sig`] as const;
const SIGNER = ['--certificate-identity-regexp', '^https://github.com/assay-testkit/widget/', '--certificate-oidc-issuer', ISSUER] as const;

function verify(argv: readonly string[], options: RunOptions = {}) {
  return runCosign(['verify-blob', ...argv], { network: 'open', ...options, env: { ...looseTrust, ...options.env } });
}

describe('row 39', () => {
  test('with --rekor-url', async () => {
    const run = await verify([...LOOSE, ...SIGNER, '--rekor-url', await log(), checksums]);
    expect(run).toEqual({ status: 0, stdout: '', stderr: `${DEPRECATED.certificate}${DEPRECATED.signature}${DEPRECATED.rekorUrl}Verified OK\n` });
  });

  test('with COSIGN_REKOR_URL', async () => {
    const run = await verify([...LOOSE, ...SIGNER, checksums], { env: { COSIGN_REKOR_URL: await log() } });
    expect(run).toEqual({ status: 0, stdout: '', stderr: `${DEPRECATED.certificate}${DEPRECATED.signature}Verified OK\n` });
  });

  test('with a certificate that is base64 of PEM', async () => {
    const loose = ['--certificate', `${base}/checksums.txt.pem.b64`, '--signature', `${base}/checksums.txt.sig`];
    expect(await verify([...loose, ...SIGNER, '--rekor-url', `${await log()}/`, checksums])).toMatchObject({ status: 0 });
  });

  test('another identity is refused', async () => {
    const signer = ['--certificate-identity-regexp', '^https://github.com/somebody-else/', '--certificate-oidc-issuer', ISSUER];
    const run = await verify([...LOOSE, ...signer, '--rekor-url', await log(), checksums]);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain('Error: none of the expected identities matched what was in the certificate, got subjects [https://github.com/assay-testkit/');
  });

  test('-d shows the tree, with the entry that the log gave', async () => {
    const run = await verify(['-d', ...LOOSE, ...SIGNER, '--rekor-url', await log(), checksums]);
    expect(run.status).toBe(0);
    expect(run.stderr).toMatch(/✔ entry \d+ of /);
  });
});

describe('a log that answers wrongly is never believed', () => {
  test.each<[StubFault, RegExp]>([
    ['status-500', /^Error: .*(?:HTTP 500|answered 500)/m],
    ['malformed', /^Error: .*log answer is not valid JSON/m],
    ['html', /^Error: .*log answer is not valid JSON/m],
    ['other-artifact', /^Error: error verifying bundle: /m],
    ['wrong-set', /^Error: error verifying bundle: unable to verify SET$/m],
    ['wrong-proof', /^Error: error verifying bundle: the proof for index \d+ of \d+ leads to another root/m],
  ])('%s', async (fault, reason) => {
    const run = await verify([...LOOSE, ...SIGNER, '--rekor-url', await log(fault), checksums]);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).not.toContain('Verified OK');
    expect(run.stderr).toMatch(reason);
  });

  test('an artifact that it does not know', async () => {
    const run = await verify([...LOOSE, ...SIGNER, '--rekor-url', await log(), scratch.write('other.txt', 'other')]);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toContain('Error: signature not found in transparency log\n');
  });

  test('a log of another instance', async () => {
    const { SIGSTORE_REKOR_PUBLIC_KEY } = { SIGSTORE_REKOR_PUBLIC_KEY: scratch.path('key.pub') };
    const run = await verify([...LOOSE, ...SIGNER, '--rekor-url', await log(), checksums], { env: { SIGSTORE_REKOR_PUBLIC_KEY } });
    expect(run).toMatchObject({ status: 1 });
    expect(run.stderr).toContain('Error: error verifying bundle: verifying bundle: rekor log public key not found for payload\n');
  });

  test.each([
    ['that is not there', () => 'http://127.0.0.1:9', /^Error: .*127\.0\.0\.1:9/m],
    ['that never answers, until --timeout', () => silent.url, /^Error: .*(?:in time|deadline|timed out|timeout)/im],
  ])('%s', async (_, url, reason) => {
    const run = await verify([...LOOSE, ...SIGNER, '--rekor-url', url(), '--timeout', '1s', checksums]);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(reason);
  });

  test('--offline does not ask it', async () => {
    const files = ['--certificate', scratch.path('a.pem'), '--signature', scratch.path('a.sig')];
    const run = await verify([...files, ...SIGNER, '--rekor-url', 'http://127.0.0.1:9', '--offline', checksums], { network: 'none' });
    expect(run).toMatchObject({ status: 1 });
    expect(run.stderr).toContain('Error: offline verification failed\n');
  });
});

describe('files by URL', () => {
  test.each([
    ['missing', `${release.url}/f/nofile`, /loading URL http:\/\/127\.0\.0\.1:\d+\/f\/nofile: server returned HTTP 404/],
    ['redirected for ever', `${release.url}/f/loop`, /more than 10 redirects/],
    ['with a password', `http://me:secret@127.0.0.1:9/x`, /^(?!.*secret)/s],
  ])('%s', async (_, url, reason) => {
    const run = await verify(['--certificate', url, '--signature', `${base}/checksums.txt.sig`, ...SIGNER, checksums]);
    expect(run).toMatchObject({ status: 1, stdout: '' });
    expect(run.stderr).toMatch(reason);
  });
});
