/** Our makers judged by others: @sigstore/verify and OpenSSL accept what a virtual instance makes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodePem } from '@assay/core';
import { bundleFromJSON, type SerializedBundle } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInstance, type InstanceOptions, type Sample, type SignOptions } from './index.ts';

const artifact = new TextEncoder().encode('hello, world\n');

const cases: readonly { name: string; instance?: InstanceOptions; sign: SignOptions }[] = [
  { name: 'message 0.1, Rekor v1', sign: { version: '0.1' } },
  { name: 'message 0.2, Rekor v1', sign: { version: '0.2' } },
  { name: 'message 0.3 in the old spelling, Rekor v1', sign: { version: '0.3-old' } },
  { name: 'message 0.3, Rekor v1', sign: {} },
  { name: 'message 0.3, Rekor v1 and a timestamp', sign: { timestamp: true } },
  { name: 'message 0.3, Rekor v2', sign: { log: 'v2' } },
  { name: 'message 0.3, both logs', sign: { log: 'both', timestamp: true } },
  { name: 'DSSE 0.1, dsse entry', sign: { content: 'dsse', version: '0.1' } },
  { name: 'DSSE 0.2, intoto entry', sign: { content: 'dsse', version: '0.2', entryKind: 'intoto' } },
  { name: 'DSSE 0.3, dsse entry', sign: { content: 'dsse' } },
  { name: 'DSSE 0.3, Rekor v2 hashedrekord', sign: { content: 'dsse', log: 'v2' } },
  { name: 'DSSE 0.3, Rekor v2 dsse', sign: { content: 'dsse', log: 'v2', entryKind: 'dsse' } },
  { name: 'P-384 authorities', instance: { caKey: 'p384', tsaKey: 'p384' }, sign: { timestamp: true } },
  // Its RSA log keys are read as PKCS#1 whatever keyDetails says, so the CT log here is ECDSA.
  { name: 'one RSA root, static CT log', instance: { caKey: 'rsa2048', caChain: 'root-only', staticCt: true }, sign: {} },
  // It verifies RSA timestamps with SHA-256 only; OpenSSL below judges the other hashes.
  { name: 'RSA timestamp authority, two certificates', instance: { tsaKey: 'rsa2048', tsaChain: 2 }, sign: { log: 'v2' } },
  { name: 'P-256 timestamp authority with SHA-512', instance: { tsaHash: 'sha512' }, sign: { log: 'v2' } },
  { name: 'timestamp that embeds its certificate', sign: { log: 'v2', embedTsaCertificate: true } },
  { name: 'e-mail identity', sign: { identity: { type: 'email', value: 'someone@testkit.example' } } },
];

describe('@sigstore/verify accepts', () => {
  test.each(cases)('$name', ({ instance, sign }) => {
    const sample = createInstance(instance).sign(artifact, sign);
    const trust = toTrustMaterial(TrustedRoot.fromJSON(sample.trustedRoot));
    const bundle = bundleFromJSON(sample.bundle as unknown as SerializedBundle);
    const [identity] = sample.policy.identities ?? [];
    const signed = sign.content === 'dsse' ? undefined : Buffer.from(sample.artifact);
    const policy = { subjectAlternativeName: identity?.san ?? '', extensions: { issuer: identity?.issuer ?? '' } };
    new Verifier(trust, { timestampThreshold: 1 }).verify(toSignedEntity(bundle, signed), policy);
  });
});

describe('OpenSSL', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'assay-peers-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function openssl(...args: string[]): { status: number | null; output: string } {
    const { status, stdout, stderr, error } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (error !== undefined) throw error;
    return { status, output: stdout + stderr };
  }

  const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
  const write = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);
  const pem = (certificates: readonly Uint8Array[]): string => certificates.map((der) => encodePem('CERTIFICATE', der)).join('');
  const raw = (text: string | undefined): Uint8Array => Buffer.from(text ?? '', 'base64');

  test.skipIf(!hasOpenssl).each([{ tsaKey: 'p256' }, { tsaKey: 'p384' }, { tsaKey: 'rsa2048', tsaHash: 'sha384', tsaChain: 2 }] as InstanceOptions[])(
    'verifies a timestamp of $tsaKey',
    (options) => {
      const instance = createInstance(options);
      const { bundle, expected }: Sample = instance.sign(artifact, { log: 'v2' });
      const [token] = bundle.verificationMaterial.timestampVerificationData?.rfc3161Timestamps ?? [];
      write('token.tsr', raw(token?.signedTimestamp));
      write('data', expected.signature);
      write('root.pem', pem(instance.tsaChain.slice(-1)));
      write('untrusted.pem', pem(instance.tsaChain.slice(0, -1)));
      const at = String(expected.timestamp);
      const result = openssl('ts', '-verify', '-in', 'token.tsr', '-data', 'data', '-CAfile', 'root.pem', '-untrusted', 'untrusted.pem', '-attime', at);
      expect(result.output).toContain('Verification: OK');
    },
  );

  test.skipIf(!hasOpenssl).each([{ caKey: 'p256' }, { caKey: 'p384' }, { caKey: 'rsa2048' }] as InstanceOptions[])(
    'verifies a certificate of $caKey',
    (options) => {
      const instance = createInstance(options);
      const { expected } = instance.sign(artifact);
      write('leaf.pem', pem([expected.certificate as Uint8Array]));
      write('ca-root.pem', pem(instance.ca.slice(-1).map(({ certificate }) => certificate)));
      write('ca-mid.pem', pem(instance.ca.slice(0, -1).map(({ certificate }) => certificate)));
      const at = String(expected.integratedTime);
      const result = openssl('verify', '-x509_strict', '-purpose', 'any', '-attime', at, '-CAfile', 'ca-root.pem', '-untrusted', 'ca-mid.pem', 'leaf.pem');
      expect(result).toMatchObject({ status: 0 });
      const text = openssl('x509', '-in', 'leaf.pem', '-noout', '-text').output;
      expect(text).toContain('URI:https://github.com/assay-testkit/widget/.github/workflows/release.yml@refs/tags/v1.2.3');
      expect(text).toContain('CT Precertificate SCTs');
      expect(openssl('asn1parse', '-in', 'leaf.pem').status).toBe(0);
    },
  );
});
