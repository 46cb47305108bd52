import { X509Certificate } from 'node:crypto';
import { Certificate, encodePem, equalBytes, identityOf, parseSctList, tbsWithoutScts, toHex } from '@assay/core';
import { describe, expect, test } from 'vitest';
import {
  type Authority,
  encodeTbs,
  generateKey,
  githubIdentity,
  issueIntermediate,
  issueLeaf,
  issuePrecertificate,
  issueRoot,
  type KeyType,
  leafFields,
  OID,
  precertEntry,
  precertificateTbs,
  randomSerial,
  removePoison,
  signSct,
} from './index.ts';

const notBefore = new Date('2025-01-01T00:00:00Z');
const notAfter = new Date('2035-01-01T00:00:00Z');
const at = new Date('2026-08-25T00:00:00Z');

function chain(type: KeyType): Authority[] {
  const root = issueRoot({ name: { organization: 'o', commonName: 'root' }, key: generateKey(type), notBefore, notAfter });
  return [
    issueIntermediate(root, { name: { organization: 'o', commonName: 'mid' }, key: generateKey(type), notBefore, notAfter, purposes: [OID.codeSigning] }),
    root,
  ];
}

const claims = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:o/r:ref:refs/heads/main',
  job_workflow_ref: 'o/r/.github/workflows/x.yml@refs/heads/main',
  job_workflow_sha: 'aa',
  sha: 'bb',
  ref: 'refs/heads/main',
  event_name: 'push',
  repository: 'o/r',
  repository_id: '1',
  repository_owner: 'o',
  repository_owner_id: '2',
  repository_visibility: 'public',
  workflow: 'X',
  workflow_ref: 'o/r/.github/workflows/x.yml@refs/heads/main',
  workflow_sha: 'cc',
  run_id: '3',
  run_attempt: '4',
  runner_environment: 'github-hosted',
};

describe('authorities', () => {
  test.each(['p256', 'p384', 'p521', 'rsa2048', 'ed25519'] as const)('of %s verify in OpenSSL', (type) => {
    const [mid, root] = chain(type).map(({ certificate }) => new X509Certificate(certificate)) as [X509Certificate, X509Certificate];
    expect(root.verify(root.publicKey)).toBe(true);
    expect(mid.verify(root.publicKey)).toBe(true);
    expect(mid.checkIssued(root)).toBe(true);
    expect(mid.ca).toBe(true);
    expect(mid.subject).toBe('O=o\nCN=mid');
  });
});

describe('leaves', () => {
  const [issuer] = chain('p256') as [Authority, Authority];
  const key = generateKey('p256');
  const fields = leafFields(issuer, { spki: key.spki, notBefore: at, ...githubIdentity(claims) });

  test('carry the identity of the token', () => {
    const identity = identityOf(Certificate.parse(issueLeaf(fields, issuer)));
    expect(identity).toMatchObject({
      san: { kind: 'uri', value: 'https://github.com/o/r/.github/workflows/x.yml@refs/heads/main' },
      oidcIssuer: claims.iss,
      extensions: {
        runInvocationUri: 'https://github.com/o/r/actions/runs/3/attempts/4',
        githubWorkflowName: 'X',
        tokenSubject: claims.sub,
        sourceRepositoryOwnerIdentifier: '2',
      },
    });
  });

  test('live ten minutes, are signed by the issuer, name nobody as subject', () => {
    const leaf = new X509Certificate(issueLeaf(fields, issuer));
    expect(leaf.verify(new X509Certificate(issuer.certificate).publicKey)).toBe(true);
    expect(leaf.validToDate.getTime() - leaf.validFromDate.getTime()).toBe(600_000);
    expect(leaf.subject ?? '').toBe('');
    expect(leaf.ca).toBe(false);
  });

  test('precertificate, log and verifier agree on the promised bytes', () => {
    const tbs = precertificateTbs(fields, issuer);
    expect(toHex(removePoison(issuePrecertificate(fields, issuer)))).toBe(toHex(tbs));
    const sct = signSct(generateKey('p256'), { timestampMs: at.getTime(), entry: precertEntry(issuer.key.spki, tbs) });
    const leaf = Certificate.parse(issueLeaf(fields, issuer, [sct]));
    expect(toHex(tbsWithoutScts(leaf))).toBe(toHex(tbs));
    expect(parseSctList(leaf.extension(OID.sctList)?.value ?? new Uint8Array(0))).toMatchObject([{ logId: sct.logId, signature: sct.signature }]);
  });

  test('are made deterministically but for the signature', () => {
    const again = leafFields(issuer, { spki: key.spki, notBefore: at, serial: fields.serial, ...githubIdentity(claims) });
    expect(equalBytes(encodeTbs(again, issuer), encodeTbs(fields, issuer))).toBe(true);
  });

  test('are made 150 times a second and more', () => {
    const start = performance.now();
    for (let i = 0; i < 100; i++) issueLeaf(leafFields(issuer, { spki: key.spki, notBefore: at, ...githubIdentity(claims) }), issuer);
    expect(performance.now() - start).toBeLessThan(100 * (1000 / 150));
  });

  test('are accepted as PEM', () => {
    expect(new X509Certificate(encodePem('CERTIFICATE', issueLeaf(fields, issuer))).serialNumber.toLowerCase()).toBe(toHex(fields.serial));
  });
});

test('serial numbers are positive, 20 bytes, and differ', () => {
  const serials = Array.from({ length: 100 }, randomSerial);
  expect(serials.every((serial) => serial.length === 20 && (serial[0] as number) >= 0x40 && (serial[0] as number) < 0x80)).toBe(true);
  expect(new Set(serials.map(toHex)).size).toBe(100);
});
