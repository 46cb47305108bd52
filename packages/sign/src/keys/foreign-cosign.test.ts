/** The real cosigns, both ways: their keys sign here, ours sign there, and each side verifies the other. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeBase64, encodeBase64, encodePem, toHex, utf8, verifySignature } from '@assay/core';
import { nodeCrypto } from '@assay/crypto-node';
import { describe, expect, test } from 'vitest';
import { runRealCosign } from '../../../cli/test/foreign-cosign.ts';
import { realCosigns } from '../../test/cosigns.ts';
import { keyContext, scratchFolder } from '../../test/key-context.ts';
import { encryptPrivateKey, generateKeyPair, importKeyPair, loadPublicKey, loadSigner, localSigner, publicKeyPem } from '../index.ts';

const cosigns = realCosigns();
for (const { version, path } of cosigns)
  if (path === '') console.warn(`tests against cosign ${version} are skipped: it is neither on PATH nor in ASSAY_TESTBED`);

const MESSAGE = 'what is signed\n';
const PASSWORD = 'correct horse';

describe.each(cosigns)('cosign $version', ({ version, path }) => {
  const run = async (home: string, argv: readonly string[], password = PASSWORD) => {
    const done = await runRealCosign(path, argv, { home, env: { COSIGN_PASSWORD: password } });
    expect(done, done.stderr).toMatchObject({ status: 0 });
    return done;
  };
  const legacy = version.startsWith('3.') ? ['--use-signing-config=false', '--new-bundle-format=false'] : [];
  const sign = (key: string, output: string, blob: string) =>
    ['sign-blob', '--key', key, '--tlog-upload=false', '--yes', ...legacy, '--output-signature', output, blob] as const;
  const verify = (key: string, signature: string, blob: string) =>
    ['verify-blob', '--key', key, '--insecure-ignore-tlog', '--signature', signature, blob] as const;

  function scene() {
    const folder = scratchFolder();
    const at = (name: string) => join(folder, name);
    writeFileSync(at('blob'), MESSAGE);
    return { folder, at, write: (name: string, content: string) => writeFileSync(at(name), content), read: (name: string) => readFileSync(at(name), 'utf8') };
  }

  test.skipIf(path === '').each([PASSWORD, ''])('made a key with the password "%s": it signs here, and cosign verifies', async (password) => {
    const { folder, at, write, read } = scene();
    await run(folder, ['generate-key-pair', '--output-key-prefix', at('theirs')], password);
    const signer = await loadSigner(at('theirs.key'), keyContext({ password: async () => utf8(password) }));
    expect(toHex(signer.publicKey.spki)).toBe(toHex((await loadPublicKey(at('theirs.pub'), keyContext())).spki));
    expect(publicKeyPem(signer.publicKey)).toBe(read('theirs.pub'));
    write('sig', encodeBase64(await signer.sign(utf8(MESSAGE))));
    expect((await run(folder, verify(at('theirs.pub'), at('sig'), at('blob')))).stderr).toContain('Verified OK');
  });

  test.skipIf(path === '').each(['ecdsa-sha2-256-nistp256', 'rsa-sign-pkcs1-2048-sha256', 'ecdsa-sha2-384-nistp384'])(
    'signs with our key %s, and we verify',
    async (algorithm) => {
      const { folder, at, write, read } = scene();
      const pair = await generateKeyPair(algorithm);
      write('ours.key', await encryptPrivateKey(pair.pkcs8, utf8(PASSWORD)));
      write('ours.pub', publicKeyPem(pair.publicKey));
      await run(folder, sign(at('ours.key'), at('sig'), at('blob')));
      const signature = decodeBase64(read('sig').trim()) ?? new Uint8Array(0);
      expect(await verifySignature(nodeCrypto, pair.publicKey, localSigner(pair.pkcs8).scheme, utf8(MESSAGE), signature)).toBe(true);
      expect((await run(folder, ['public-key', '--key', at('ours.key')])).stdout.trim()).toBe(read('ours.pub').trim());
    },
  );

  test.skipIf(path === '').each(['ecdsa-sha2-256-nistp256', 'rsa-sign-pkcs1-4096-sha256'])('verifies what our key %s signs', async (algorithm) => {
    const { folder, at, write } = scene();
    const pair = await generateKeyPair(algorithm);
    write('ours.pub', publicKeyPem(pair.publicKey));
    const signer = localSigner(pair.pkcs8);
    write('whole.sig', encodeBase64(await signer.sign(utf8(MESSAGE))));
    write('streamed.sig', encodeBase64(await signer.signDigest((await nodeCrypto.hash('sha256', utf8(MESSAGE))) as Uint8Array)));
    for (const signature of ['whole.sig', 'streamed.sig']) await run(folder, verify(at('ours.pub'), at(signature), at('blob')));
  });

  test.skipIf(path === '')('imports a plain key as we do', async () => {
    const { folder, at, write, read } = scene();
    const pem = encodePem('PRIVATE KEY', (await generateKeyPair()).pkcs8);
    write('plain.pem', pem);
    await run(folder, ['import-key-pair', '--key', at('plain.pem'), '--output-key-prefix', at('imported'), '--yes']);
    expect(publicKeyPem(importKeyPair(pem).publicKey)).toBe(read('imported.pub'));
    expect(await loadSigner(at('imported.key'), keyContext({ password: async () => utf8(PASSWORD) }))).toBeDefined();
  });

  test.skipIf(path === '')('refuses our key with another password, in the same words as we do', async () => {
    const { folder, at, write } = scene();
    write('ours.key', await encryptPrivateKey((await generateKeyPair()).pkcs8, utf8('another')));
    const { status, stderr } = await runRealCosign(path, sign(at('ours.key'), at('sig'), at('blob')), { home: folder, env: { COSIGN_PASSWORD: PASSWORD } });
    expect(status).toBe(1);
    expect(stderr).toContain('reading key: decrypt: encrypted: decryption failed');
  });
});
