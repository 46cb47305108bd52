/**
 * Others as judges of both ends: the real cosign puts signings on record with the services of the testkit, which we verify; cosign verifies what we put
 * on record there; OpenSSL answers our timestamp requests, and has its own answered. Each part skips where the tool is not there.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Artifact, encodePem, parseBundle, parsePublicKeyPem, verify } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance, type Handler, type Instance, keyFor, rekorV1Stub, rekorV2Stub, type SignOptions, timestampStub } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { runRealCosign } from '../../../cli/test/foreign-cosign.ts';
import { realCosigns } from '../../test/cosigns.ts';
import { scratchFolder } from '../../test/key-context.ts';
import { ARTIFACT, served, signed, trustedRootOf, withEvidence } from '../../test/services.ts';
import { recordSigning } from './record.ts';
import { requestTimestamp } from './timestamp.ts';

/** Foreign tools have no other clock than that of the machine. */
function instanceOfToday(): Instance {
  const now = new Date();
  const lifetime = { start: new Date(now.getTime() - YEAR_MS), end: new Date(now.getTime() + YEAR_MS) };
  const window = { start: lifetime.start };
  return createInstance({ now, lifetime, windows: { ca: window, ct: window, rekorV1: window, rekorV2: window, tsa: window } });
}

async function servicesOf(instance: Instance) {
  const v1 = await served(rekorV1Stub(instance));
  const v2 = await served(rekorV2Stub(instance));
  const tsa = await served(timestampStub(instance));
  return { http: v1.http, v1: v1.url, v2: v2.url, tsa: `${tsa.url}/api/v1/timestamp` };
}

const YEAR_MS = 365 * 24 * 3600 * 1000;

for (const { version, path } of realCosigns()) {
  if (path === '') console.warn(`tests against the real cosign are skipped: no cosign ${version} on PATH or in ASSAY_TESTBED`);

  describe.skipIf(path === '')(`cosign ${version}`, () => {
    const openFolder = (instance: Instance) => {
      const folder = scratchFolder();
      const file = (name: string, content?: string | Uint8Array): string => {
        if (content !== undefined) writeFileSync(join(folder, name), content);
        return join(folder, name);
      };
      file('artifact', ARTIFACT);
      file('root.json', JSON.stringify(instance.trustedRoot()));
      const cosign = (...argv: string[]) => runRealCosign(path, argv, { home: folder, env: { COSIGN_PASSWORD: '' } });
      return { file, cosign };
    };

    const signingConfig = (log: 'v1' | 'v2', urls: Awaited<ReturnType<typeof servicesOf>>) => {
      const service = (url: string, majorApiVersion: number) => ({ url, majorApiVersion, validFor: { start: '2025-01-01T00:00:00Z' }, operator: 'testkit' });
      return JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
        rekorTlogUrls: [log === 'v1' ? service(urls.v1, 1) : service(urls.v2, 2)],
        rekorTlogConfig: { selector: 'ANY' },
        tsaUrls: [service(urls.tsa, 1)],
        tsaConfig: { selector: 'ANY' },
      });
    };

    test.each(['v1', 'v2'] as const)('puts a signing on record with the services of the testkit, log %s, and it verifies here', async (log) => {
      const instance = instanceOfToday();
      const { file, cosign } = openFolder(instance);
      file('services.json', signingConfig(log, await servicesOf(instance)));
      expect(await cosign('generate-key-pair', '--output-key-prefix', file('own'))).toMatchObject({ status: 0 });
      const sign = ['sign-blob', '--key', file('own.key'), '--signing-config', file('services.json'), '--trusted-root', file('root.json'), '--yes'];
      const run = await cosign(...sign, ...(version === '2.6.5' ? ['--new-bundle-format'] : []), '--bundle', file('theirs.json'), file('artifact'));
      expect(run, run.stderr).toMatchObject({ status: 0 });

      const bundle = parseBundle(readFileSync(file('theirs.json')));
      const key = parsePublicKeyPem(readFileSync(file('own.pub'), 'utf8'));
      const options = { signer: { key }, trustedRoot: trustedRootOf(instance), crypto: nodeCrypto, now: instance.now, timestampThreshold: 1 };
      const { verified } = await verify(bundle, Artifact.fromBytes(ARTIFACT), options);
      expect(verified?.logEntries).toHaveLength(1);
    });

    test.each<[string, 'v1' | 'v2', SignOptions]>([
      ['a message with a certificate', 'v1', {}],
      ['a message with a certificate', 'v2', {}],
      ['a message with a key', 'v1', { key: keyFor('foreign', 'p256') }],
      ['a message with a key', 'v2', { key: keyFor('foreign', 'p256') }],
      ['an envelope with a certificate', 'v1', { content: 'dsse' }],
      // Older than the hashedrekord of an envelope.
      ...(version === '2.6.5' ? [] : ([['an envelope with a certificate', 'v2', { content: 'dsse' }]] as [string, 'v2', SignOptions][])),
    ])('verifies %s that we put on record, log %s', async (_, log, options) => {
      const instance = instanceOfToday();
      const { http, tsa, ...urls } = await servicesOf(instance);
      const { file, cosign } = openFolder(instance);
      const { signing, bundle } = signed(instance, { ...options, identity: { type: 'email', value: 'someone@testkit.example' } });
      const logs = [{ url: urls[log], majorApiVersion: log === 'v1' ? 1 : 2 }];
      const { entries, timestamps } = await recordSigning(signing, { logs, timestampAuthorities: [{ url: tsa }], http });
      file('ours.json', withEvidence(bundle, entries, timestamps));
      file('ours.pub', options.key?.publicPem ?? '');

      const signer = options.key
        ? ['--key', file('ours.pub')]
        : ['--certificate-identity', 'someone@testkit.example', '--certificate-oidc-issuer', 'https://accounts.testkit.example'];
      const command = options.content === 'dsse' ? ['verify-blob-attestation', '--type', 'https://slsa.dev/provenance/v1'] : ['verify-blob'];
      const evidence = ['--bundle', file('ours.json'), '--trusted-root', file('root.json'), '--use-signed-timestamps'];
      const old = version === '2.6.5' ? ['--new-bundle-format'] : [];
      const run = await cosign(...command, ...signer, ...evidence, ...old, file('artifact'));
      expect(run, run.stderr).toMatchObject({ status: 0 });
      file('artifact', 'another one');
      expect(await cosign(...command, ...signer, ...evidence, ...old, file('artifact'))).toMatchObject({ status: 1 });
    });
  });
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) console.warn('tests against OpenSSL are skipped: no openssl on PATH');

describe.skipIf(!hasOpenssl)('OpenSSL', () => {
  const openFolder = (instance: Instance) => {
    const folder = scratchFolder();
    const pem = (certificates: readonly Uint8Array[]): string => certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
    const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
    write('tsa.pem', pem([instance.tsaSigner.certificate]));
    write('tsa.key', instance.tsaSigner.key.exportPrivatePem());
    write('root.pem', pem(instance.tsaChain.slice(-1)));
    write('untrusted.pem', pem(instance.tsaChain.slice(0, -1)));
    write('serial', '01\n');
    write('data', 'some data');
    const openssl = (...argv: string[]): string => {
      const { stdout, stderr } = spawnSync('openssl', ['ts', ...argv], { cwd: folder, encoding: 'utf8' });
      return stdout + stderr;
    };
    return { write, openssl, read: (name: string) => new Uint8Array(readFileSync(join(folder, name))) };
  };

  test('answers our request, and its timestamp verifies here', async () => {
    const instance = instanceOfToday();
    const { write, openssl, read } = openFolder(instance);
    write('tsa.cnf', AUTHORITY);
    const authority: Handler = async (request) => {
      write('query', new Uint8Array(await request.arrayBuffer()));
      openssl('-reply', '-queryfile', 'query', '-config', 'tsa.cnf', '-out', 'reply');
      return new Response(read('reply'), { headers: { 'Content-Type': 'application/timestamp-reply' } });
    };
    const { signing, judge } = signed(instance);
    const timestamp = await requestTimestamp(signing.content.signature, await served(authority));
    const { http, v1 } = await servicesOf(instance);
    const { entries } = await recordSigning(signing, { logs: [{ url: v1, majorApiVersion: 1 }], timestampAuthorities: [], http });
    expect(await judge({ entries, timestamps: [timestamp] })).toMatchObject({ ok: true });
    expect(openssl('-query', '-in', 'query', '-text')).toMatch(/Hash Algorithm: sha256[\s\S]*Nonce: 0x[0-9A-F]{16}\nCertificate required: yes\nExtensions:\n/);
  });

  test('has its request answered by the authority of the testkit, and verifies the answer', async () => {
    const instance = instanceOfToday();
    const { write, openssl, read } = openFolder(instance);
    openssl('-query', '-data', 'data', '-sha384', '-cert', '-out', 'query');
    const { tsa, http } = await servicesOf(instance);
    const { body } = await http.request(tsa, { method: 'POST', headers: { 'content-type': 'application/timestamp-query' }, body: read('query') });
    write('reply', body);
    const verdict = openssl('-verify', '-queryfile', 'query', '-in', 'reply', '-CAfile', 'root.pem', '-untrusted', 'untrusted.pem');
    expect(verdict).toContain('Verification: OK');
  });
});

const AUTHORITY = `[tsa]
default_tsa = authority
[authority]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.57264.2
digests = sha256
accuracy = secs:1
tsa_name = yes
ess_cert_id_alg = sha256
`;
