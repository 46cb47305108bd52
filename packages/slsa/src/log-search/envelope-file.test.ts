import { utf8 } from '@assay/core';
import { createInstance } from '@assay/testkit';
import { describe, expect, test } from 'vitest';
import { codeOf } from '../../../core/test/codes.ts';
import { olderFile } from '../../test/older-envelope.ts';
import { parseEnvelopeFile } from './envelope-file.ts';

const { certified, bare, pem } = olderFile(createInstance());
const edited = (edit: (json: { [name: string]: unknown; signatures: Record<string, unknown>[] }) => void): string => {
  const json = JSON.parse(certified);
  edit(json);
  return JSON.stringify(json);
};
const withSignature = (members: object): string => edited(({ signatures }) => Object.assign(signatures[0] ?? {}, members));

describe('where the signer is to be found', () => {
  test.each<[string, string, 'entry' | 'index', number]>([
    ['in the file: one signature with a certificate', certified, 'entry', 1],
    ['in the file, which ends in a line end', `${certified}\n`, 'entry', 1],
    ['in the log: no certificate', bare, 'index', 1],
    ['in the log: an empty certificate', withSignature({ cert: '' }), 'index', 1],
    ['in the log: two signatures, though both have a certificate', edited(({ signatures }) => signatures.push({ ...signatures[0] })), 'index', 2],
    ['in the file, beside members that nobody knows', withSignature({ extra: [1] }), 'entry', 1],
  ])('%s', (_, text, lookup, signatures) => {
    const file = parseEnvelopeFile(utf8(text));
    expect(file).toMatchObject({ lookup, bytes: utf8(text) });
    expect(file.envelopes).toHaveLength(signatures);
    expect(file.envelopes.every(({ stored }) => stored === file.bytes)).toBe(true);
  });
});

describe('refused', () => {
  test.each<[string, string | Uint8Array]>([
    ['an empty file', ''],
    ['two documents in one file', `${certified}\n${certified}`],
    ['an array', `[${certified}]`],
    ['an HTML page', '<!doctype html><title>Sign in</title>'],
    ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0x7d)],
    ['a byte order mark', `\ufeff${certified}`],
    ['a repeated member', certified.replace('{', '{"payload":"QQ==",')],
    ['a bundle', JSON.stringify({ mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', dsseEnvelope: JSON.parse(bare) })],
    ['no signature', edited((json) => Object.assign(json, { signatures: [] }))],
    ['signatures without end', edited(({ signatures }) => signatures.push(...Array.from({ length: 40 }, () => ({ ...signatures[0] }))))],
    ['a signature of another type', edited((json) => Object.assign(json, { signatures: ['MEUC'] }))],
    ['a signature that is not base64', withSignature({ sig: 'no base64' })],
    ['an empty signature', withSignature({ sig: '' })],
    ['a payload without padding', edited((json) => Object.assign(json, { payload: 'QQ' }))],
    ['no payload', edited((json) => Object.assign(json, { payload: null }))],
    ['no payload type', edited((json) => Object.assign(json, { payloadType: '' }))],
    ['a certificate that is not text', withSignature({ cert: { pem } })],
    ['a certificate that is not PEM', withSignature({ cert: 'MIIB' })],
    ['a certificate that is cut off', withSignature({ cert: pem.slice(0, -10) })],
    ['two certificates', withSignature({ cert: pem + pem })],
    ['a public key in place of the certificate', withSignature({ cert: pem.replaceAll('CERTIFICATE', 'PUBLIC KEY') })],
    ['more than a log takes', new Uint8Array(33 * 1024 * 1024)],
  ])('%s', (_, input) => {
    const bytes = typeof input === 'string' ? utf8(input) : input;
    expect(codeOf(() => parseEnvelopeFile(bytes))).toBe('SLSA_FORM');
  });

  test('every file that ends too early', () => {
    for (let end = 0; end < certified.length; end += 7) expect(codeOf(() => parseEnvelopeFile(utf8(certified.slice(0, end))))).toBe('SLSA_FORM');
  });
});
