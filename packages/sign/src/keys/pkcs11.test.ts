/** Against SoftHSM, a token in software. */

import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import Module from 'node:module';
import { type PublicKey, toHex, utf8, verifySignature } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { generateKey, issueRoot } from '@assay/make';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { keyContext, refusal, scratchFolder } from '../../test/key-context.ts';
import { missingForSoftHsm, openSoftHsm, type SoftHsm } from '../../test/softhsm.ts';
import { loadPublicKey, loadSigner } from '../index.ts';

const missing = missingForSoftHsm();
if (missing !== undefined) console.warn(`tests against SoftHSM are skipped: ${missing}`);

const spki = (key: KeyObject) => new Uint8Array(key.export({ type: 'spki', format: 'der' }));
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const MESSAGE = utf8('the message');

describe.skipIf(missing !== undefined)('a SoftHSM token', () => {
  let hsm: SoftHsm;
  const uri = (selector: string, pin = true) => `pkcs11:token=Signing%20keys;${selector}?module-path=${hsm.module}${pin ? `&pin-value=${hsm.pin}` : ''}`;

  beforeAll(() => {
    hsm = openSoftHsm('Signing keys');
    const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string;
    hsm.add({ pkcs8Pem: pem(p256.privateKey), label: 'p256', id: '01' });
    hsm.add({ pkcs8Pem: pem(p384.privateKey), label: 'p384', id: '02' });
    hsm.add({ pkcs8Pem: pem(p521.privateKey), label: 'p521', id: '03' });
    hsm.add({ pkcs8Pem: pem(rsa.privateKey), label: 'rsa', id: '04' });
    hsm.add({ pkcs8Pem: pem(p256.privateKey), label: 'twice', id: '05' });
    hsm.add({ pkcs8Pem: pem(p384.privateKey), label: 'twice', id: '06' });
    hsm.add({ pkcs8Pem: pem(p256.privateKey), label: 'lonely', id: '07', publicKey: 'left out' });
    hsm.add({ pkcs8Pem: pem(p256.privateKey), label: 'other certificate', id: '08' });
    hsm.generateGuarded({ label: 'guarded', id: '0a' });
    const own = generateKey('p256');
    hsm.add({ pkcs8Pem: own.exportPrivatePem(), label: 'certified', id: '09', publicKey: 'left out' });
    const { certificate: der } = issueRoot({
      name: { organization: 'example.com', commonName: 'signer' },
      key: own,
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('2036-01-01T00:00:00Z'),
    });
    hsm.addCertificate({ der, label: 'certified', id: '09' });
    hsm.addCertificate({ der, label: 'other certificate', id: '08' });
  });
  afterAll(() => hsm.close());

  test.each<[string, string, () => KeyObject]>([
    ['P-256 by label', 'object=p256', () => p256.publicKey],
    ['P-384 by identifier', 'id=%02', () => p384.publicKey],
    ['P-521 by both', 'object=p521;id=%03', () => p521.publicKey],
    ['RSA 2048', 'object=rsa', () => rsa.publicKey],
    ['one of two with a label', 'object=twice;id=%06', () => p384.publicKey],
  ])('signs with %s', async (_, selector, expected) => {
    const signer = await loadSigner(uri(selector), keyContext());
    expect(toHex(signer.publicKey.spki)).toBe(toHex(spki(expected())));
    expect(await verifies(signer.publicKey, await signer.sign(MESSAGE))).toBe(true);
    const digest = new Uint8Array(
      createHash(signer.hash ?? '')
        .update(MESSAGE)
        .digest(),
    );
    expect(await verifies(signer.publicKey, await signer.signDigest(digest))).toBe(true);
    expect(toHex((await loadPublicKey(uri(selector, false), keyContext())).spki)).toBe(toHex(signer.publicKey.spki));
  });

  const verifies = (key: PublicKey, signature: Uint8Array) =>
    verifySignature(
      nodeCrypto,
      key,
      key.type === 'ec' ? { name: 'ecdsa', hash: HASHES[key.curve] } : { name: 'rsa-pkcs1', hash: 'sha256' },
      MESSAGE,
      signature,
    );

  test('signs with SHA-256 on P-384 when asked to, as cosign does with tokens', async () => {
    const signer = (await loadSigner(uri('object=p384'), keyContext())).withScheme({ name: 'ecdsa', hash: 'sha256' });
    expect(await verifySignature(nodeCrypto, signer.publicKey, signer.scheme, MESSAGE, await signer.sign(MESSAGE))).toBe(true);
  });

  test('signs for two signers at a time', async () => {
    const signers = await Promise.all(['p256', 'rsa', 'p256'].map((object) => loadSigner(uri(`object=${object}`), keyContext())));
    const signatures = await Promise.all(signers.map((signer) => signer.sign(MESSAGE)));
    expect(signatures).toHaveLength(3);
  });

  test('signs with a key that wants the PIN before every signature', async () => {
    const signer = await loadSigner(uri('object=guarded'), keyContext());
    expect(await verifies(signer.publicKey, await signer.sign(MESSAGE))).toBe(true);
    expect(await verifies(signer.publicKey, await signer.sign(MESSAGE))).toBe(true);
  });

  test('leaves the module open for others in this process who have it open', async () => {
    await hsm.whileInUse(async () => {
      const signer = await loadSigner(uri('object=p256'), keyContext());
      expect(await verifies(signer.publicKey, await signer.sign(MESSAGE))).toBe(true);
    });
  });

  test('gives the certificate beside the key, unless told to ignore it', async () => {
    const signer = await loadSigner(uri('object=certified'), keyContext());
    expect(signer.certificate?.subjectText).toContain('signer');
    expect(toHex(signer.certificate?.publicKey.spki ?? MESSAGE)).toBe(toHex(signer.publicKey.spki));
    const without = await loadSigner(uri('object=certified'), keyContext({ env: { COSIGN_PKCS11_IGNORE_CERTIFICATE: '1' } }));
    expect(without.certificate).toBeUndefined();
    expect(toHex(without.publicKey.spki)).toBe(toHex(signer.publicKey.spki));
  });

  test('refuses a certificate of another key, unless told to ignore it', async () => {
    const load = (env = {}) => loadSigner(uri('object=other%20certificate'), keyContext({ env }));
    expect(await refusal(load)).toMatchObject({ code: 'KEY_PROVIDER', message: 'pkcs11 key and certificate do not match' });
    expect((await load({ COSIGN_PKCS11_IGNORE_CERTIFICATE: '1' })).certificate).toBeUndefined();
  });

  test('takes the PIN from the environment, else asks for it, else says what to set', async () => {
    expect(await loadSigner(uri('object=p256', false), keyContext({ env: { COSIGN_PKCS11_PIN: hsm.pin } }))).toBeDefined();
    const asked: string[] = [];
    const pin = async (token: string) => {
      asked.push(token);
      return hsm.pin;
    };
    const signer = await loadSigner(uri('object=p256', false), keyContext({ pin }));
    await signer.sign(MESSAGE);
    expect(asked).toEqual(['Signing keys']);
    expect(await refusal(() => loadSigner(uri('object=p256', false), keyContext()))).toMatchObject({
      code: 'KEY_PASSWORD',
      message: "the token 'Signing keys' wants a PIN",
    });
  });

  test.each<[string, string, string, RegExp]>([
    ['a key that is not there', 'object=nobody', 'KEY_REFERENCE', /no private key on the token 'Signing keys' fits object 'nobody'/],
    ['a label and an identifier of two keys', 'object=p256;id=%02', 'KEY_REFERENCE', /fits object 'p256' and id 02/],
    ['a label that several keys have', 'object=twice', 'KEY_REFERENCE', /several objects/],
    ['a private key without a public half', 'object=lonely', 'KEY_REFERENCE', /neither public key nor certificate/],
  ])('refuses %s', async (_, selector, code, message) => {
    const refused = await refusal(() => loadSigner(uri(selector), keyContext()));
    expect(refused).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('refuses a wrong PIN, and does not show it', async () => {
    const refused = await refusal(() => loadSigner(uri('object=p256', false), keyContext({ env: { COSIGN_PKCS11_PIN: '98765' } })));
    expect(refused).toMatchObject({ code: 'KEY_PASSWORD', message: expect.stringContaining('CKR_PIN_INCORRECT') });
    expect(refused.message).not.toContain('98765');
  });

  test('refuses tokens that are not there, by name, serial and slot', async () => {
    for (const token of ['token=Another', 'token=Signing%20keys;serial=0', 'slot-id=4711']) {
      const refused = await refusal(() => loadSigner(`pkcs11:${token};object=p256?module-path=${hsm.module}`, keyContext()));
      expect(refused).toMatchObject({ code: 'KEY_REFERENCE', message: expect.stringContaining('could not find a slot for') });
    }
  });

  test('refuses what is no module', async () => {
    const load = (module: string) => refusal(() => loadSigner(`pkcs11:token=t;object=o?module-path=${module}`, keyContext()));
    expect(await load('libsofthsm2.so')).toMatchObject({ message: 'modulePath does not point to an absolute path' });
    expect(await load('/nowhere/m.so')).toMatchObject({ message: 'access modulePath: /nowhere/m.so: no such file' });
    expect(await load(scratchFolder())).toMatchObject({ message: 'modulePath does not point to a regular file' });
    expect(await load(import.meta.filename)).toMatchObject({ code: 'KEY_REFERENCE', message: expect.stringContaining('cannot be loaded as a PKCS11 module') });
  });
});

const HASHES = { 'P-256': 'sha256', 'P-384': 'sha384', 'P-521': 'sha512' } as const;

test('without pkcs11js the error says how to add it', async () => {
  const loader = Module as unknown as { _load(request: string, ...rest: unknown[]): unknown };
  const load = loader._load;
  loader._load = (request, ...rest) => {
    if (request === 'pkcs11js') throw Object.assign(new Error("Cannot find module 'pkcs11js'"), { code: 'MODULE_NOT_FOUND' });
    return load.call(Module, request, ...rest);
  };
  onTestFinished(() => {
    loader._load = load;
  });
  const refused = await refusal(() => loadSigner(`pkcs11:token=t;object=o?module-path=${import.meta.filename}`, keyContext()));
  expect(refused).toMatchObject({
    code: 'KEY_PROVIDER_MISSING',
    message: 'pkcs11: keys need the package pkcs11js, which is not installed',
    hint: expect.stringContaining('npm install pkcs11js'),
  });
});
