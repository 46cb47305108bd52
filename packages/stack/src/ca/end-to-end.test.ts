/** A certificate of ours carries a bundle through core's whole verification: path, SCT, times, identity, signature. */
import { utf8 } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { encodeEntryBody, generateKey, hashedrekord001, makeBundle, makeTrustedRoot, sha256 } from '@assay/make';
import { createInstance, verifySample } from '@assay/testkit';
import { expect, test } from 'vitest';
import { keyRequest, leafOf } from '../../test/certificate-request.ts';
import { makeScene, NOW, PERSON } from './test/scene.ts';

const ARTIFACT = utf8('an artifact');

async function signed({ ctLog, log }: { ctLog: 'works' | 'none'; log: 'own' | 'other' }) {
  const scene = await makeScene({ ctLog });
  const { rekorV1 } = createInstance();
  const key = generateKey('p256');
  const { der: certificate } = leafOf(await scene.post('/api/v2/signingCert', keyRequest(await scene.token(PERSON), PERSON.email, key)));

  const content = { hash: 'sha256', digest: sha256(ARTIFACT), signature: key.sign(ARTIFACT) } as const;
  const entry = hashedrekord001({ ...content, verifier: { type: 'certificate', certificate, keyDetails: key.keyDetails } });
  const index = rekorV1.append({ body: encodeEntryBody(entry), kind: entry.kind, version: entry.version }, new Date(NOW.getTime() + 5000));
  const bundle = makeBundle({ version: '0.3', material: { certificates: [certificate] }, entries: [rekorV1.entry(index)], timestamps: [], content });

  const validFor = { start: new Date('2026-01-01T00:00:00Z') };
  const ctKey = log === 'own' ? scene.ctKey : generateKey('p256');
  const trustedRoot = makeTrustedRoot({
    tlogs: [{ baseUrl: rekorV1.baseUrl, key: rekorV1.key, logId: rekorV1.logId, validFor }],
    ctlogs: [{ baseUrl: 'https://ct.example', key: ctKey, logId: sha256(scene.ctKey.spki), validFor }],
    certificateAuthorities: [{ uri: 'https://ca.example', organization: 'assay', commonName: 'root', chain: scene.chain, validFor }],
    timestampAuthorities: [],
  });
  const bundleBytes = utf8(JSON.stringify(bundle));
  const policy = { identities: [{ san: PERSON.email, issuer: PERSON.iss, extensions: { tokenSubject: PERSON.sub } }] };
  const expected = { certificate, signature: content.signature, logIndexes: [] };
  return {
    bundle,
    bundleBytes,
    trustedRoot,
    trustedRootBytes: utf8(JSON.stringify(trustedRoot)),
    artifact: ARTIFACT,
    policy,
    now: new Date(NOW.getTime() + 3_600_000),
    expected,
  };
}

test('a bundle with a certificate of ours verifies', async () => {
  expect(await verifySample(await signed({ ctLog: 'works', log: 'own' }), nodeCrypto)).toMatchObject({ ok: true });
});

test('it does not with the key of another CT log', async () => {
  expect(await verifySample(await signed({ ctLog: 'works', log: 'other' }), nodeCrypto)).toMatchObject({ ok: false, code: expect.stringMatching(/SCT/) });
});

test('it does not without a CT log', async () => {
  expect(await verifySample(await signed({ ctLog: 'none', log: 'own' }), nodeCrypto)).toMatchObject({ ok: false, code: expect.stringMatching(/SCT/) });
});
