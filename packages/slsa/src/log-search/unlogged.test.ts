import { certificatePem, exactly, failures, utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { createInstance, type SignOptions } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { olderFile, recordOlder, SIGNER, trustedRootOf } from '../../test/older-envelope.ts';
import { referenceText } from '../reference-error.ts';
import { parseEnvelopeFile } from './envelope-file.ts';
import { judgeUnlogged, type Unlogged } from './unlogged.ts';

const instance = createInstance();

function judge(text: string, { signer = SIGNER, of = instance } = {}): Promise<Unlogged> {
  return judgeUnlogged(parseEnvelopeFile(utf8(text)), { crypto: nodeCrypto, trustedRoot: trustedRootOf(of), signer });
}

const codes = ({ check }: Unlogged): unknown[] => failures(check).map(({ code }) => code);

describe('never enough', () => {
  test('though all else holds', async () => {
    const { certified } = olderFile(instance);
    const unlogged = await judge(certified);
    expect(codes(unlogged)).toEqual(['SLSA_LOG_MISSING']);
    const [first] = failures(unlogged.check);
    expect(first && referenceText(first)).toMatch(/^error searching rekor entries: the file holds no log entry/);
    expect(first?.hint).toContain('--save-bundle FILE');
    expect(unlogged.signed?.identity?.san).toContain('assay-testkit/widget');
    expect(unlogged.signed?.content?.type).toBe('application/vnd.in-toto+json');
    expect(JSON.stringify(unlogged.check)).not.toContain('(current time)');
  });

  test('without a certificate not even the signer is known', async () => {
    const unlogged = await judge(olderFile(instance).bare);
    expect(codes(unlogged)).toEqual(['SLSA_LOG_MISSING']);
    expect(unlogged.signed).toBeUndefined();
    const [first] = failures(unlogged.check);
    expect(first?.says).toContain('nor by whom');
    expect(first?.expected).toContain('by the digest of the artifact');
  });

  test.each<[string, SignOptions | undefined, (text: string) => string, string]>([
    ['a changed payload', undefined, (text) => text.replace(/"payload":"ey/, '"payload":"eX'), 'SIGNATURE_INVALID'],
    ['another signer', { githubClaims: { job_workflow_ref: 'mallory/widget/.github/workflows/release.yml@refs/tags/v1.2.3' } }, same, 'IDENTITY_MISMATCH'],
    ['another issuer', { oidcIssuer: 'https://issuer.example' }, same, 'IDENTITY_ISSUER'],
    ['no certificate transparency', { alter: { scts: () => [] } }, same, 'SCT_MISSING'],
    ['a certificate that is none', undefined, (text) => withPem(text, certificatePem(Uint8Array.of(0x30, 0x00))), 'CERT_PARSE'],
  ])('and what else is wrong is told: %s', async (_, options, edit, code) => {
    const unlogged = await judge(edit(olderFile(instance, options).certified));
    expect(codes(unlogged)).toEqual(['SLSA_LOG_MISSING', code]);
    expect(unlogged.signed).toBeUndefined();
  });

  test('and what else is wrong is told: another authority', async () => {
    const unlogged = await judge(olderFile(instance).certified, { of: createInstance() });
    expect(codes(unlogged)).toEqual(['SLSA_LOG_MISSING', 'CERT_CHAIN']);
  });

  test('and what else is wrong is told: a certificate from before the authority was trusted', async () => {
    const of = createInstance({ windows: { ca: { start: new Date('2026-08-20T00:00:00Z') } } });
    const { certified } = olderFile(of, { signedAt: new Date('2026-08-10T00:00:00Z') });
    expect(codes(await judge(certified, { of }))).toEqual(['SLSA_LOG_MISSING', 'CERT_CHAIN_WINDOW']);
  });

  test('and what else is wrong is told: a signer who is not expected', async () => {
    const signer = { identities: [{ san: exactly('https://github.com/somebody/else'), issuer: SIGNER.identities[0]?.issuer ?? exactly('') }] };
    expect(codes(await judge(olderFile(instance).certified, { signer }))).toEqual(['SLSA_LOG_MISSING', 'IDENTITY_MISMATCH']);
  });
});

describe('the leaf hashes that are named', () => {
  test.each([
    ['intoto', 'recorded', 'intoto 0.0.1 with'],
    ['intoto', 'left out', 'intoto 0.0.1 without payload hash with'],
    ['dsse', 'recorded', 'dsse 0.0.1 with'],
  ] as const)('%s, payload hash %s', async (kind, payloadHash, name) => {
    const file = olderFile(instance);
    const id = recordOlder(instance, file.certified, file.pem, { ...file, kind, payloadHash });
    const { check } = await judge(file.certified);
    expect(failures(check)[0]?.expected).toContain(`${name} leaf hash ${id.slice(-64)}`);
  });
});

function same(text: string): string {
  return text;
}

function withPem(text: string, pem: string): string {
  const json = JSON.parse(text) as { signatures: { cert: string }[] };
  for (const signature of json.signatures) signature.cert = pem;
  return JSON.stringify(json);
}
