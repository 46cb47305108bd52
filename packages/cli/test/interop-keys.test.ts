/**
 * Where keys come from, for images: files that either cosign or we made, the environment, a token, Vault. Each signs an image in both storage formats, and what
 * it signed is verified by us and, where it is there, by the real cosign.
 */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { decodeBase64, encodeBase64, encodePem } from '@assay/core';
import { generateKeyPair, type KeyPair, localSigner, publicKeyPem } from '@assay/sign';
import { putImage, type Server, serve, serveRegistry, type TestRegistry } from '@assay/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { missingForSoftHsm, openSoftHsm, type SoftHsm } from '../../sign/test/softhsm.ts';
import { findTool, runTool } from './foreign-tools.ts';
import { type Run, runCli, Scratch } from './run-cli.ts';

const PASSWORD = 'correct horse';
const cosigns = [findTool('cosign', '3.1.3'), findTool('cosign', '2.6.5')];
for (const { version, path } of cosigns) if (path === '') console.warn(`keys of cosign ${version} are not tried: it is neither in ASSAY_TESTBED nor on PATH`);
const judge = cosigns[0]?.path ?? '';
const noToken = missingForSoftHsm();
if (noToken !== undefined) console.warn(`keys on a token are not tried: ${noToken}`);

const scratch = new Scratch();
const at = (name: string): string => scratch.path(name);
let registry: TestRegistry;
let images = 0;
beforeAll(async () => {
  registry = await serveRegistry();
  scratch.write('signing-config.json', { mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json' });
});
afterAll(() => registry.close());

type Env = Readonly<Record<string, string>>;
const assay = (argv: readonly string[], env: Env = {}): Promise<Run> =>
  runCli(['cosign', ...argv], { network: 'open', now: new Date(), env: { COSIGN_PASSWORD: PASSWORD, ...env } });

/** A new image in the registry. */
function image(): string {
  images += 1;
  const { digest } = putImage(registry.content, `keys/${images}`);
  return `${registry.host}/keys/${images}@${digest}`;
}

const SIGN = {
  new: () => ['sign', '--signing-config', at('signing-config.json')],
  old: () => ['sign', '--use-signing-config=false', '--tlog-upload=false', '--new-bundle-format=false'],
};

interface Trial {
  /** `--key` of sign. */
  readonly key: string;
  /** `--key` of verify. */
  readonly verifier: string;
  /** PEM, for the real cosign. */
  readonly pem: string;
  readonly env?: Env;
  /** More for the real cosign, which is told the hash of larger curves. `none`: it cannot verify such keys. */
  readonly hash?: string;
}

/** Signs one image in each format, and verifies it: here and there, and not with another key. */
async function expectSigns({ key, verifier, pem, env, hash }: Trial): Promise<void> {
  scratch.write('judge.pub', pem);
  for (const storage of ['new', 'old'] as const) {
    const reference = image();
    const signed = await assay([...SIGN[storage](), '--key', key, '-a', 'a=b', reference], env);
    expect(signed, signed.stderr).toMatchObject({ status: 0, stdout: '' });
    const verified = await assay(['verify', '--insecure-ignore-tlog', '--key', verifier, '-a', 'a=b', reference], env);
    expect(verified, verified.stderr).toMatchObject({ status: 0 });
    const refused = await assay(['verify', '--insecure-ignore-tlog', '--key', at('other.pub'), reference]);
    expect(refused.status).toBe(storage === 'new' ? 1 : 12);
    if (judge === '' || hash === 'none') continue;
    const more = hash === undefined ? [] : ['--signature-digest-algorithm', hash];
    const argv = ['verify', '--insecure-ignore-tlog', '--key', at('judge.pub'), ...more, reference];
    const judged = await runTool(judge, argv, { home: scratch.folder });
    expect(judged, judged.stderr).toMatchObject({ status: 0 });
  }
}

beforeAll(async () => {
  scratch.write('other.pub', publicKeyPem((await generateKeyPair()).publicKey));
  await made(await assay(['generate-key-pair', '--output-key-prefix', at('ours')]));
  for (const { version, path } of cosigns) {
    if (path === '') continue;
    const argv = ['generate-key-pair', '--output-key-prefix', at(`cosign-${version}`)];
    await made(await runTool(path, argv, { home: scratch.folder, env: { COSIGN_PASSWORD: PASSWORD } }));
  }
});

async function made(run: Run): Promise<void> {
  expect(run, run.stderr).toMatchObject({ status: 0 });
}

const pemAt = (name: string): string => readFileSync(at(name), 'utf8');

describe('a file', () => {
  test('that we made', () => expectSigns({ key: at('ours.key'), verifier: at('ours.pub'), pem: pemAt('ours.pub') }));

  test.skipIf(judge === '').each(['new', 'old'] as const)('that we made signs with the real cosign in its %s format, and we verify', async (storage) => {
    const reference = image();
    const argv = [...SIGN[storage](), '--yes', '--key', at('ours.key'), reference];
    await made(await runTool(judge, argv, { home: scratch.folder, env: { COSIGN_PASSWORD: PASSWORD } }));
    await made(await assay(['verify', '--insecure-ignore-tlog', '--key', at('ours.pub'), reference]));
  });

  for (const { version, path } of cosigns) {
    test.skipIf(path === '')(`that cosign ${version} made`, () =>
      expectSigns({ key: at(`cosign-${version}.key`), verifier: at(`cosign-${version}.pub`), pem: pemAt(`cosign-${version}.pub`) }),
    );
  }

  test.each([
    ['EC, P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' }), undefined],
    ['EC, P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' }), 'sha384'],
    ['EC, P-521', () => generateKeyPairSync('ec', { namedCurve: 'P-521' }), 'sha512'],
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 }), undefined],
    ['Ed25519', () => generateKeyPairSync('ed25519'), 'none'],
  ] as const)('that was imported: %s', async (name, generate, hash) => {
    const prefix = `imported-${name.replaceAll(/\W+/g, '-')}`;
    scratch.write(`${prefix}.pem`, generate().privateKey.export({ type: 'pkcs8', format: 'pem' }) as string);
    await made(await assay(['import-key-pair', '--key', at(`${prefix}.pem`), '--output-key-prefix', at(prefix)]));
    await expectSigns({ key: at(`${prefix}.key`), verifier: at(`${prefix}.pub`), pem: pemAt(`${prefix}.pub`), ...(hash && { hash }) });
  });

  test('with another password is refused', async () => {
    const run = await assay([...SIGN.new(), '--key', at('ours.key'), image()], { COSIGN_PASSWORD: 'battery staple' });
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('getting signer: reading key: decrypt: encrypted: decryption failed\n') });
    expect(run.stderr).not.toContain('battery');
  });
});

describe('the environment', () => {
  test('holds both keys', () => {
    const env = { SIGNING_KEY: pemAt('ours.key'), VERIFY_KEY: pemAt('ours.pub') };
    return expectSigns({ key: 'env://SIGNING_KEY', verifier: 'env://VERIFY_KEY', pem: pemAt('ours.pub'), env });
  });

  test('names the key for want of a flag', async () => {
    const reference = image();
    const env = { COSIGN_YES: 'true', COSIGN_INSECURE_IGNORE_TLOG: 'true' };
    await made(await assay([...SIGN.new(), reference], { ...env, COSIGN_KEY: at('ours.key') }));
    await made(await assay(['verify', reference], { ...env, COSIGN_KEY: at('ours.pub') }));
  });

  test('without the variable that is named is refused', async () => {
    const run = await assay([...SIGN.new(), '--key', 'env://NO_SUCH_KEY', image()]);
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('getting signer: reading key: loading URL: env var $NO_SUCH_KEY not found\n') });
  });
});

describe.skipIf(noToken !== undefined)('a PKCS#11 token', () => {
  let hsm: SoftHsm;
  const keys = { p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }), rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }) };
  beforeAll(() => {
    hsm = openSoftHsm('build');
    for (const [i, [label, { privateKey }]] of Object.entries(keys).entries()) {
      hsm.add({ pkcs8Pem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, label, id: `0${i + 1}` });
    }
  });
  afterAll(() => hsm.close());

  const pemOf = (name: keyof typeof keys) => keys[name].publicKey.export({ type: 'spki', format: 'pem' }) as string;

  test.each(['p256', 'rsa'] as const)('signs with %s: module and PIN are in the reference', (name) => {
    const uri = `pkcs11:token=build;object=${name}?module-path=${hsm.module}&pin-value=${hsm.pin}`;
    return expectSigns({ key: uri, verifier: uri, pem: pemOf(name) });
  });

  test('signs: module and PIN are in the environment', () => {
    const uri = 'pkcs11:token=build;object=p256';
    return expectSigns({ key: uri, verifier: uri, pem: pemOf('p256'), env: { COSIGN_PKCS11_MODULE_PATH: hsm.module, COSIGN_PKCS11_PIN: hsm.pin } });
  });

  test('shows its public key', async () => {
    const run = await assay(['public-key', '--key', `pkcs11:token=build;object=p256?module-path=${hsm.module}&pin-value=${hsm.pin}`]);
    expect(run).toEqual({ status: 0, stdout: pemOf('p256'), stderr: '' });
  });

  test('refuses another PIN, and does not say which it was', async () => {
    const run = await assay([...SIGN.new(), '--key', `pkcs11:token=build;object=p256?module-path=${hsm.module}&pin-value=987654`, image()]);
    expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('getting signer: reading key: ') });
    expect(run.stderr).not.toContain('987654');
  });
});

describe('Vault', () => {
  const TOKEN = 'hvs.of-the-tests';
  let vault: Server;
  let pair: KeyPair;
  beforeAll(async () => {
    pair = await generateKeyPair();
    vault = await serve((request) => transit(request, pair, TOKEN));
  });
  afterAll(() => vault.close());
  const env = () => ({ VAULT_ADDR: vault.url, VAULT_TOKEN: TOKEN });

  test('signs', () => expectSigns({ key: 'hashivault://build', verifier: 'hashivault://build', pem: publicKeyPem(pair.publicKey), env: env() }));

  test('verifies with the key that was exported', async () => {
    const reference = image();
    await made(await assay([...SIGN.new(), '--key', 'hashivault://build', reference], env()));
    await made(await assay(['public-key', '--key', 'hashivault://build', '--outfile', at('vault.pub')], env()));
    await made(await assay(['verify', '--insecure-ignore-tlog', '--key', at('vault.pub'), reference]));
  });

  test('that refuses is an error without the token in it', async () => {
    const run = await assay([...SIGN.new(), '--key', 'hashivault://build', image()], { ...env(), VAULT_TOKEN: 'hvs.wrong' });
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('HTTP 403: permission denied') });
    expect(run.stderr).not.toContain('hvs.');
  });
});

/** As much of Vault's transit engine as signing with a P-256 key takes. */
async function transit(request: Request, { pkcs8, publicKey }: KeyPair, token: string): Promise<Response> {
  if (request.headers.get('x-vault-token') !== token) return Response.json({ errors: ['permission denied'] }, { status: 403 });
  const { pathname } = new URL(request.url);
  if (pathname === '/v1/transit/keys/build') {
    return Response.json({ data: { latest_version: 1, keys: { 1: { name: 'P-256', public_key: encodePem('PUBLIC KEY', publicKey.spki) } } } });
  }
  if (!pathname.startsWith('/v1/transit/sign/build')) return Response.json({ errors: [] }, { status: 404 });
  const { input, prehashed } = (await request.json()) as { input: string; prehashed: boolean };
  const signer = localSigner(pkcs8);
  const bytes = decodeBase64(input) as Uint8Array;
  const signature = prehashed ? await signer.signDigest(bytes) : await signer.sign(bytes);
  return Response.json({ data: { signature: `vault:v1:${encodeBase64(signature)}` } });
}

describe('key management services that need a plug-in are refused by name', () => {
  test.each(['awskms:///alias/build', 'gcpkms://projects/p/locations/global/keyRings/r/cryptoKeys/k/versions/1', 'azurekms://vault.example/build'])(
    '%s',
    async (key) => {
      const [scheme] = key.split(':');
      const reference = image();
      for (const argv of [
        [...SIGN.new(), '--key', key, reference],
        ['verify', '--key', key, reference],
        ['public-key', '--key', key],
      ]) {
        const run = await assay(argv);
        expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(`${scheme}:// keys are not supported here`) });
      }
      const generated = await assay(['generate-key-pair', '--kms', key]);
      expect(generated).toMatchObject({ status: 1, stderr: expect.stringContaining(`${scheme}:// keys are not supported here`) });
    },
  );
});
