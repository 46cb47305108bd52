/**
 * PKCS#11 URIs (RFC 7512), as far as they name one key on one token:
 *
 *   pkcs11:token=Signing%20keys;object=release;id=%01?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-value=1234
 *
 * | Attribute | Selects |
 * |---|---|
 * | `token`, `manufacturer`, `serial`, `model` | the token, by what it says of itself |
 * | `slot-id` | the slot it is in; this or `token` must be there |
 * | `object`, `id` | the key, by label and by identifier; one of them must be there, and both must fit when both are |
 * | `type` | nothing: whether the private or the public half is used follows from what is done |
 * | `module-path` | the module, an absolute path; default COSIGN_PKCS11_MODULE_PATH |
 * | `pin-value` | the PIN; default COSIGN_PKCS11_PIN |
 *
 * Other path attributes are refused: one that is not understood would select nothing (section 2.4), and ignoring it might select another key.
 */
import { quote, TrustError } from '@assay/core';
import type { Environment } from '@assay/net';

export interface Pkcs11Uri {
  readonly modulePath: string;
  readonly slotId: bigint | undefined;
  /** What the token must say of itself, by the names that tokens use. */
  readonly token: Readonly<Partial<Record<TokenField, string>>>;
  readonly label: string | undefined;
  readonly id: Uint8Array | undefined;
  readonly pin: string | undefined;
}

export type TokenField = 'label' | 'manufacturerID' | 'serialNumber' | 'model';

/** Errors: `KEY_REFERENCE`, with cosign's texts where it has one. */
export function parsePkcs11Uri(uri: string, env: Environment): Pkcs11Uri {
  const [path = '', query = ''] = uri.slice('pkcs11:'.length).split(/\?(.*)/s);
  const attributes = parseAttributes(path, ';');
  const settings = parseAttributes(query, '&');
  const unknown = [...attributes.keys()].find((name) => !PATH_ATTRIBUTES.has(name));
  if (unknown !== undefined) throw refusal(`attribute "${quote(unknown, 60)}" is not supported`);
  const slot = textOf(attributes, 'slot-id');
  if (slot === undefined && textOf(attributes, 'token') === undefined) throw refusal('one of token and slot-id must be set');
  if (slot !== undefined && !/^[0-9]{1,20}$/.test(slot)) throw refusal(`slot-id '${quote(slot, 60)}' is not a valid number`);
  const modulePath = textOf(settings, 'module-path') || env['COSIGN_PKCS11_MODULE_PATH'];
  if (!modulePath) throw refusal('module-path or COSIGN_PKCS11_MODULE_PATH must be set to the absolute path of the PKCS11 module');
  const label = textOf(attributes, 'object');
  const id = attributes.get('id');
  if (label === undefined && id === undefined) throw refusal('one of object and id must be set');
  return {
    modulePath,
    slotId: slot === undefined ? undefined : BigInt(slot),
    token: tokenOf(attributes),
    label,
    id,
    pin: textOf(settings, 'pin-value') || env['COSIGN_PKCS11_PIN'] || undefined,
  };
}

function tokenOf(attributes: ReadonlyMap<string, Uint8Array>): Partial<Record<TokenField, string>> {
  const fields = [...TOKEN_FIELDS].map(([name, field]) => [field, textOf(attributes, name)] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

/** Empty ones count as absent, as in cosign. */
function parseAttributes(text: string, separator: ';' | '&'): Map<string, Uint8Array> {
  const attributes = new Map<string, Uint8Array>();
  for (const part of text.split(separator).filter(Boolean)) {
    const [name = '', value = ''] = part.split(/=(.*)/s);
    if (attributes.has(name)) throw refusal(`attribute "${quote(name, 60)}" appears twice`);
    const bytes = percentDecode(value);
    if (bytes === undefined) throw refusal(`the value of "${quote(name, 60)}" is not percent-encoded`);
    if (bytes.length > 0) attributes.set(name, bytes);
  }
  return attributes;
}

/** Bytes, not text: an identifier may be any. `+` is itself: RFC 7512 is not a web form. */
function percentDecode(text: string): Uint8Array | undefined {
  if (/%(?![0-9a-fA-F]{2})/.test(text)) return undefined;
  const parts = text.split(/%([0-9a-fA-F]{2})/);
  return new Uint8Array(Buffer.concat(parts.map((part, i) => Buffer.from(part, i % 2 === 1 ? 'hex' : 'utf8'))));
}

function textOf(attributes: ReadonlyMap<string, Uint8Array>, name: string): string | undefined {
  const bytes = attributes.get(name);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

function refusal(problem: string): TrustError {
  return new TrustError('KEY_REFERENCE', `parsing pkcs11 uri: invalid uri: ${problem}`);
}

const TOKEN_FIELDS: ReadonlyMap<string, TokenField> = new Map([
  ['token', 'label'],
  ['manufacturer', 'manufacturerID'],
  ['serial', 'serialNumber'],
  ['model', 'model'],
]);
const PATH_ATTRIBUTES: ReadonlySet<string> = new Set([...TOKEN_FIELDS.keys(), 'slot-id', 'object', 'id', 'type']);
