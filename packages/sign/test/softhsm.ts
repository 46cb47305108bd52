/** A SoftHSM token in a folder of its own, when SoftHSM and `pkcs11js` are installed. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SoftHsm {
  readonly module: string;
  readonly pin: string;
  /** Imports a key pair. */
  add(key: { pkcs8Pem: string; label: string; id: string; publicKey?: 'left out' }): void;
  addCertificate(certificate: { der: Uint8Array; label: string; id: string }): void;
  /** Makes a P-256 key that wants the PIN before every signature. */
  generateGuarded(key: { label: string; id: string }): void;
  /** Runs while somebody else in this process has the module open. */
  whileInUse(work: () => Promise<void>): Promise<void>;
  close(): void;
}

/** Why there is none, or undefined. */
export function missingForSoftHsm(): string | undefined {
  if (findModule() === undefined) return 'the module libsofthsm2.so is not installed';
  try {
    execFileSync('softhsm2-util', ['--version'], { stdio: 'ignore' });
  } catch {
    return 'softhsm2-util is not on PATH';
  }
  try {
    createRequire(import.meta.url)('pkcs11js');
  } catch {
    return 'the package pkcs11js is not installed';
  }
  return undefined;
}

/** Points SOFTHSM2_CONF of this process at the new token: the module reads the real environment. */
export function openSoftHsm(label: string): SoftHsm {
  const folder = mkdtempSync(join(tmpdir(), 'assay-softhsm-'));
  mkdirSync(join(folder, 'tokens'));
  writeFileSync(join(folder, 'softhsm2.conf'), `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  process.env['SOFTHSM2_CONF'] = join(folder, 'softhsm2.conf');
  const pin = '1234';
  const module = findModule() as string;
  const util = (...args: string[]) => execFileSync('softhsm2-util', [...args, '--pin', pin], { stdio: 'pipe' });
  util('--init-token', '--free', '--label', label, '--so-pin', '5678');
  return {
    module,
    pin,
    add({ pkcs8Pem, label: object, id, publicKey }) {
      const path = join(folder, 'key.pem');
      writeFileSync(path, pkcs8Pem);
      util('--import', path, '--token', label, '--label', object, '--id', id, '--force', ...(publicKey === undefined ? [] : ['--no-public-key']));
    },
    addCertificate: ({ der, label: object, id: hex }) =>
      asUser(module, label, pin, (api, session) =>
        api.C_CreateObject(session, [
          { type: CKA_CLASS, value: CKO_CERTIFICATE },
          { type: CKA_CERTIFICATE_TYPE, value: CKC_X_509 },
          { type: CKA_SUBJECT, value: Buffer.from('signer') },
          { type: CKA_VALUE, value: Buffer.from(der) },
          ...common(object, hex),
        ]),
      ),
    generateGuarded: ({ label: object, id: hex }) =>
      asUser(module, label, pin, (api, session) =>
        api.C_GenerateKeyPair(
          session,
          { mechanism: CKM_EC_KEY_PAIR_GEN },
          [{ type: CKA_EC_PARAMS, value: Buffer.from(P256_OID, 'hex') }, ...common(object, hex)],
          [{ type: CKA_ALWAYS_AUTHENTICATE, value: true }, { type: CKA_PRIVATE, value: true }, { type: CKA_SIGN, value: true }, ...common(object, hex)],
        ),
      ),
    async whileInUse(work) {
      const api = open(module);
      try {
        await work();
        api.C_GetSlotList(true); // throws when somebody has finalized the module
      } finally {
        api.C_Finalize();
        api.close();
      }
    },
    close() {
      rmSync(folder, { recursive: true, force: true });
      delete process.env['SOFTHSM2_CONF'];
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: an optional native package, whose types may not be here
type Cryptoki = any;

function open(module: string): Cryptoki {
  const api = new (createRequire(import.meta.url)('pkcs11js') as Cryptoki).PKCS11();
  api.load(module);
  api.C_Initialize();
  return api;
}

function asUser(module: string, token: string, pin: string, work: (api: Cryptoki, session: Buffer) => void): void {
  const api = open(module);
  const slot = api.C_GetSlotList(true).find((one: Buffer) => api.C_GetTokenInfo(one).label.trim() === token);
  const session = api.C_OpenSession(slot, READ_WRITE);
  api.C_Login(session, CKU_USER, pin);
  work(api, session);
  api.C_CloseSession(session);
  api.C_Finalize();
  api.close();
}

function common(label: string, id: string): object[] {
  return [
    { type: CKA_TOKEN, value: true },
    { type: CKA_LABEL, value: label },
    { type: CKA_ID, value: Buffer.from(id, 'hex') },
  ];
}

function findModule(): string | undefined {
  const folders = [
    '/usr/lib/softhsm',
    '/usr/lib/x86_64-linux-gnu/softhsm',
    '/usr/lib/aarch64-linux-gnu/softhsm',
    '/usr/local/lib/softhsm',
    '/opt/homebrew/lib/softhsm',
  ];
  return folders.map((folder) => join(folder, 'libsofthsm2.so')).find((path) => existsSync(path));
}

// PKCS #11 v2.40, pkcs11t.h.
const READ_WRITE = 6; // CKF_SERIAL_SESSION and CKF_RW_SESSION
const CKU_USER = 1;
const CKO_CERTIFICATE = 1;
const CKC_X_509 = 0;
const CKA_CLASS = 0x0;
const CKA_TOKEN = 0x1;
const CKA_LABEL = 0x3;
const CKA_VALUE = 0x11;
const CKA_CERTIFICATE_TYPE = 0x80;
const CKA_SUBJECT = 0x101;
const CKA_ID = 0x102;
const CKA_PRIVATE = 0x2;
const CKA_SIGN = 0x108;
const CKA_EC_PARAMS = 0x180;
const CKA_ALWAYS_AUTHENTICATE = 0x202;
const CKM_EC_KEY_PAIR_GEN = 0x1040;
const P256_OID = '06082a8648ce3d030107';
