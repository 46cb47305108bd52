/**
 * A session with a PKCS#11 token, through the module its maker ships and the native package `pkcs11js`.
 *
 * A session lasts for one piece of work, all of it synchronous: initialize, open, log in, work, close, finalize. So nothing has to be closed by
 * callers, the PIN is not kept by the token, and two signers of one process never meet inside the module.
 */
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isAbsolute } from 'node:path';
import { quote, TrustError } from '@assay/core';
import type { Pkcs11Uri, TokenField } from './pkcs11-uri.ts';

/** An object on the token; good within its session only. */
export type Handle = Buffer;
export type Template = readonly { readonly type: number; readonly value?: Buffer | number | boolean | string }[];

export interface Session {
  /** What the token says it is called. */
  readonly tokenLabel: string;
  /** Whether private objects need a PIN. */
  readonly needsLogin: boolean;
  login(pin: string): void;
  find(template: Template): Handle[];
  /** The attribute's bytes; undefined when the object has none, or hides it. */
  attribute(object: Handle, type: number): Buffer | undefined;
  /** `pin` is for keys that want it before every signature (CKA_ALWAYS_AUTHENTICATE). */
  sign(key: Handle, mechanism: number, data: Uint8Array, pin: string | undefined): Buffer;
}

/** Errors: `KEY_PROVIDER_MISSING` without `pkcs11js`; `KEY_REFERENCE` for a module or token that is not there; `KEY_PASSWORD`; `KEY_PROVIDER`. */
export function withSession<T>(uri: Pkcs11Uri, work: (session: Session) => T): T {
  const module = openModule(uri.modulePath);
  try {
    const slot = findSlot(module.api, uri);
    const handle = module.api.C_OpenSession(slot.handle, CKF_SERIAL_SESSION);
    try {
      return work(sessionOf(module.api, handle, slot.info));
    } finally {
      module.api.C_CloseSession(handle);
    }
  } catch (error) {
    throw asTrustError(error);
  } finally {
    module.close();
  }
}

interface TokenInfo extends Readonly<Record<TokenField, string>> {
  readonly flags: number;
}

/** What we use of `pkcs11js`; it is loaded by name, so that nothing here depends on its being installed. */
interface Cryptoki {
  load(path: string): void;
  close(): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(tokenPresent: boolean): Buffer[];
  C_GetTokenInfo(slot: Buffer): TokenInfo;
  C_OpenSession(slot: Buffer, flags: number): Buffer;
  C_CloseSession(session: Buffer): void;
  C_Login(session: Buffer, userType: number, pin: string): void;
  C_FindObjectsInit(session: Buffer, template: Template): void;
  C_FindObjects(session: Buffer, max: number): Handle[];
  C_FindObjectsFinal(session: Buffer): void;
  C_GetAttributeValue(session: Buffer, object: Handle, template: Template): { readonly value: Buffer }[];
  C_SignInit(session: Buffer, mechanism: { readonly mechanism: number }, key: Handle): void;
  C_Sign(session: Buffer, data: Buffer, output: Buffer): Buffer;
}

interface Module {
  readonly api: Cryptoki;
  close(): void;
}

function openModule(path: string): Module {
  refuseBadPath(path);
  const api = new (loadPackage())();
  try {
    api.load(path);
  } catch (error) {
    throw new TrustError('KEY_REFERENCE', `${quote(path)} cannot be loaded as a PKCS11 module: ${quote(String(error))}`);
  }
  const initialized = initialize(api);
  return {
    api,
    close() {
      if (initialized) api.C_Finalize();
      api.close();
    },
  };
}

function refuseBadPath(path: string): void {
  if (!isAbsolute(path)) throw new TrustError('KEY_REFERENCE', 'modulePath does not point to an absolute path', { found: quote(path) });
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new TrustError('KEY_REFERENCE', `access modulePath: ${quote(path)}: no such file`);
  if (!found.isFile()) throw new TrustError('KEY_REFERENCE', 'modulePath does not point to a regular file', { found: quote(path) });
}

function loadPackage(): new () => Cryptoki {
  try {
    // By `require`: it is a native CommonJS package, and a name that bundlers do not follow.
    return (createRequire(import.meta.url)(PACKAGE) as { PKCS11: new () => Cryptoki }).PKCS11;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    throw new TrustError('KEY_PROVIDER_MISSING', `pkcs11: keys need the package ${PACKAGE}, which ${missing ? 'is not installed' : 'cannot be loaded'}`, {
      hint: `npm install ${PACKAGE}@2 beside assay; it builds native code, for which it needs a C++ compiler, make and Python`,
      cause,
    });
  }
}

/** False when somebody else in this process uses the module, who will finalize it. */
function initialize(api: Cryptoki): boolean {
  try {
    api.C_Initialize();
    return true;
  } catch (error) {
    if (codeOf(error) === CKR_CRYPTOKI_ALREADY_INITIALIZED) return false;
    api.close();
    throw asTrustError(error);
  }
}

function findSlot(api: Cryptoki, uri: Pkcs11Uri): { handle: Buffer; info: TokenInfo } {
  const slots = api.C_GetSlotList(true).map((handle) => ({ handle, info: api.C_GetTokenInfo(handle) }));
  const found = slots.filter(({ handle, info }) => (uri.slotId === undefined || slotNumber(handle) === uri.slotId) && isToken(info, uri));
  const [slot] = found;
  if (slot !== undefined && found.length === 1) return slot;
  const names = slots.map(({ info }) => `'${quote(info.label.trim(), 40)}'`).join(', ') || 'none';
  const wanted = uri.token.label === undefined ? `slot ${uri.slotId}` : `the token '${quote(uri.token.label)}'`;
  throw new TrustError('KEY_REFERENCE', found.length > 1 ? `${found.length} tokens fit ${wanted}` : `could not find a slot for ${wanted}`, {
    found: `tokens: ${names}`,
    hint: found.length > 1 ? 'name the serial or slot-id too' : 'compare the names of the tokens with the URI',
  });
}

function isToken(info: TokenInfo, { token }: Pkcs11Uri): boolean {
  return (Object.entries(token) as [TokenField, string][]).every(([field, value]) => info[field].trimEnd() === value);
}

/** Handles are unsigned longs of this machine. */
function slotNumber(handle: Buffer): bigint {
  return handle.length === 8 ? handle.readBigUInt64LE() : BigInt(handle.readUInt32LE());
}

function sessionOf(api: Cryptoki, session: Buffer, info: TokenInfo): Session {
  return {
    tokenLabel: info.label.trimEnd(),
    needsLogin: (info.flags & CKF_LOGIN_REQUIRED) !== 0,
    login: (pin) => login(api, session, CKU_USER, pin),
    find(template) {
      api.C_FindObjectsInit(session, template);
      try {
        return api.C_FindObjects(session, MAX_OBJECTS);
      } finally {
        api.C_FindObjectsFinal(session);
      }
    },
    attribute(object, type) {
      try {
        return api.C_GetAttributeValue(session, object, [{ type }])[0]?.value;
      } catch (error) {
        if (ABSENT_ATTRIBUTE.has(codeOf(error) ?? 0)) return undefined;
        throw error;
      }
    },
    sign(key, mechanism, data, pin) {
      api.C_SignInit(session, { mechanism }, key);
      const always = this.attribute(key, CKA_ALWAYS_AUTHENTICATE)?.[0] === 1;
      if (always && pin !== undefined) login(api, session, CKU_CONTEXT_SPECIFIC, pin);
      return api.C_Sign(session, Buffer.from(data), Buffer.alloc(MAX_SIGNATURE_BYTES));
    },
  };
}

function login(api: Cryptoki, session: Buffer, user: number, pin: string): void {
  try {
    api.C_Login(session, user, pin);
  } catch (error) {
    if (codeOf(error) !== CKR_USER_ALREADY_LOGGED_IN) throw error;
  }
}

function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'number' ? code : undefined;
}

function asTrustError(error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error; // one of ours, or a bug
  const said = quote((error as Error).message, 120);
  if (!PIN_REFUSED.has(code)) return new TrustError('KEY_PROVIDER', `pkcs11: ${said}`, { cause: error });
  const hint =
    code === CKR_PIN_LOCKED
      ? 'the token is locked after too many wrong PINs; its security officer can unlock it'
      : 'each wrong PIN brings the token nearer to its lock';
  return new TrustError('KEY_PASSWORD', `pkcs11: the token refused the PIN: ${said}`, { hint, cause: error });
}

const PACKAGE = 'pkcs11js';
const MAX_OBJECTS = 16;
const MAX_SIGNATURE_BYTES = 1024;

// PKCS #11 v2.40, pkcs11t.h.
const CKF_SERIAL_SESSION = 0x4;
const CKF_LOGIN_REQUIRED = 0x4;
const CKU_USER = 1;
const CKU_CONTEXT_SPECIFIC = 2;
const CKA_ALWAYS_AUTHENTICATE = 0x202;
const CKR_ATTRIBUTE_SENSITIVE = 0x11;
const CKR_ATTRIBUTE_TYPE_INVALID = 0x12;
const CKR_PIN_INCORRECT = 0xa0;
const CKR_PIN_INVALID = 0xa1;
const CKR_PIN_LEN_RANGE = 0xa2;
const CKR_PIN_EXPIRED = 0xa3;
const CKR_PIN_LOCKED = 0xa4;
const CKR_USER_ALREADY_LOGGED_IN = 0x100;
const CKR_CRYPTOKI_ALREADY_INITIALIZED = 0x191;
const ABSENT_ATTRIBUTE: ReadonlySet<number> = new Set([CKR_ATTRIBUTE_SENSITIVE, CKR_ATTRIBUTE_TYPE_INVALID]);
const PIN_REFUSED: ReadonlySet<number> = new Set([CKR_PIN_INCORRECT, CKR_PIN_INVALID, CKR_PIN_LEN_RANGE, CKR_PIN_EXPIRED, CKR_PIN_LOCKED]);
