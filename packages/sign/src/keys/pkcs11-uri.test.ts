import { toHex } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { refusal } from '../../test/key-context.ts';
import { parsePkcs11Uri } from './pkcs11-uri.ts';

const MODULE = { COSIGN_PKCS11_MODULE_PATH: '/lib/module.so' };

describe('a PKCS#11 URI', () => {
  test('names module, token, key and PIN', () => {
    const uri = 'pkcs11:token=Signing%20keys;slot-id=7;object=release;id=%01%ff?module-path=/usr/lib/m.so&pin-value=12%2634';
    const { id, ...rest } = parsePkcs11Uri(uri, MODULE);
    expect(rest).toEqual({ modulePath: '/usr/lib/m.so', slotId: 7n, token: { label: 'Signing keys' }, label: 'release', pin: '12&34' });
    expect(toHex(id ?? new Uint8Array(0))).toBe('01ff');
  });

  test('takes what it leaves out from the environment', () => {
    const env = { ...MODULE, COSIGN_PKCS11_PIN: '99' };
    expect(parsePkcs11Uri('pkcs11:token=t;object=o', env)).toEqual({
      modulePath: '/lib/module.so',
      slotId: undefined,
      token: { label: 't' },
      label: 'o',
      id: undefined,
      pin: '99',
    });
    expect(parsePkcs11Uri('pkcs11:token=t;object=o?pin-value=1', env).pin).toBe('1');
  });

  test('as other tools print it', () => {
    const uri = 'pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=42;token=t;id=%02;object=o;type=private';
    expect(parsePkcs11Uri(uri, MODULE).token).toEqual({ label: 't', manufacturerID: 'SoftHSM project', serialNumber: '42', model: 'SoftHSM v2' });
  });

  test('is percent-encoding, not a web form: plus is plus, UTF-8 is text', () => {
    expect(parsePkcs11Uri('pkcs11:token=a+b;object=%C3%BC', MODULE)).toMatchObject({ token: { label: 'a+b' }, label: 'ü' });
  });
});

describe('refused:', () => {
  test.each<[string, string, Record<string, string>, string]>([
    ['no token', 'pkcs11:object=o', MODULE, 'one of token and slot-id must be set'],
    ['no key', 'pkcs11:token=t', MODULE, 'one of object and id must be set'],
    ['an empty key', 'pkcs11:token=t;object=', MODULE, 'one of object and id must be set'],
    ['no module', 'pkcs11:token=t;object=o', {}, 'module-path or COSIGN_PKCS11_MODULE_PATH must be set to the absolute path of the PKCS11 module'],
    ['a slot that is no number', 'pkcs11:slot-id=x;object=o', MODULE, "slot-id 'x' is not a valid number"],
    ['an attribute we do not know', 'pkcs11:token=t;object=o;slot-description=d', MODULE, 'attribute "slot-description" is not supported'],
    ['an attribute twice', 'pkcs11:token=t;token=u;object=o', MODULE, 'attribute "token" appears twice'],
    ['a broken escape', 'pkcs11:token=%4;object=o', MODULE, 'the value of "token" is not percent-encoded'],
  ])('%s', async (_, uri, env, problem) => {
    expect(await refusal(() => parsePkcs11Uri(uri, env))).toMatchObject({ code: 'KEY_REFERENCE', message: `parsing pkcs11 uri: invalid uri: ${problem}` });
  });
});
