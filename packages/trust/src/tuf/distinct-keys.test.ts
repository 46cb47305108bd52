import { ECDH, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { caught } from '../../../net/test/caught.ts';
import { bytes } from '../../test/mirror.ts';
import { refuseRepeatedKeys } from './distinct-keys.ts';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
const hex = (part: string): string => Buffer.from(part, 'base64url').toString('hex');
const point = `04${hex(x)}${hex(y)}`;
const scheme = 'ecdsa-sha2-nistp256';
const pem = { keytype: 'ecdsa', scheme, keyval: { public: publicKey.export({ type: 'spki', format: 'pem' }) } };
const uncompressed = { keytype: scheme, scheme, keyval: { public: point.toUpperCase() } };
const compressed = { keytype: scheme, scheme, keyval: { public: ECDH.convertKey(point, 'prime256v1', 'hex', 'hex', 'compressed') } };
const edwards = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: 'ab'.repeat(32) } };
const other = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: 'cd'.repeat(32) } };

const root = (a: unknown, b: unknown): Uint8Array => bytes(JSON.stringify({ signed: { keys: { a, b }, roles: { root: { keyids: ['a', 'b'] } } } }));
const delegation = (a: unknown, b: unknown): Uint8Array =>
  bytes(JSON.stringify({ signed: { delegations: { keys: { a, b }, roles: [{ name: 'npm', keyids: ['a', 'b'] }] } } }));

test.each([
  ['PEM and a point', pem, uncompressed],
  ['PEM and a compressed point', pem, compressed],
  ['a point and a compressed one', uncompressed, compressed],
  ['hex and hex with one digit more', edwards, { ...edwards, keyval: { public: `${'ab'.repeat(32)}c` } }],
  ['the same hex in another case', edwards, { ...edwards, keyval: { public: 'AB'.repeat(32) } }],
])('refuses one key as %s', async (_, a, b) => {
  expect(await caught(() => refuseRepeatedKeys(root(a, b)))).toMatchObject({ code: 'TUF_METADATA', message: 'role root lists one key under two ids: a and b' });
  expect((await caught(() => refuseRepeatedKeys(delegation(a, b)))).message).toContain('role npm');
});

test('accepts different keys, keys of different roles, and leaves what is no metadata to others', () => {
  refuseRepeatedKeys(root(pem, edwards));
  refuseRepeatedKeys(root(other, edwards));
  refuseRepeatedKeys(root({ keyval: { public: 'zz' }, scheme }, { keyval: { public: 'zz' }, scheme }));
  refuseRepeatedKeys(bytes(JSON.stringify({ signed: { keys: { a: pem, b: pem }, roles: { snapshot: { keyids: ['a'] }, timestamp: { keyids: ['b'] } } } })));
  for (const nonsense of ['', 'null', '{}', '{"signed":{"roles":{"x":null}}}', '{"signed":{"keys":null,"roles":7}}']) refuseRepeatedKeys(bytes(nonsense));
});
