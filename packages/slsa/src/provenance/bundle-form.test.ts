/** Which files are Sigstore bundles by the letter of protobuf's JSON, and which are then read as envelopes. */
import { type Json, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { signBuild } from '../../test/build-scene.ts';
import { isBundleForm } from './bundle-form.ts';

const BUNDLE = JSON.parse(new TextDecoder().decode(signBuild().bundleBytes)) as Record<string, Json>;
const text = (value: unknown) => utf8(JSON.stringify(value));

describe('is a bundle', () => {
  test.each<[string, Uint8Array]>([
    ['one that was signed', text(BUNDLE)],
    ['an object without members', text({})],
    ['one with absent members as null', text({ ...BUNDLE, messageSignature: null })],
    ["one with protobuf's own names", text({ media_type: 'x', dsse_envelope: { payload_type: 'y', signatures: [{ sig: '' }] } })],
    ['one with space around it', utf8(` ${JSON.stringify(BUNDLE)}\n`)],
  ])('%s', (_, file) => {
    expect(isBundleForm(file)).toBe(true);
  });
});

describe('is none', () => {
  test.each<[string, Uint8Array]>([
    ['an envelope', text(BUNDLE['dsseEnvelope'])],
    ['one with an unknown member', text({ ...BUNDLE, extra: 1 })],
    ['one with an unknown member further in', text({ ...BUNDLE, dsseEnvelope: { payload: '', extra: 1 } })],
    ['two documents', utf8(`${JSON.stringify(BUNDLE)}\n${JSON.stringify(BUNDLE)}`)],
    ['a list', text([BUNDLE])],
    ['a member of another kind', text({ ...BUNDLE, verificationMaterial: [] })],
    ['null in a list', text({ verificationMaterial: { tlogEntries: [null] } })],
    ['a member that is there twice', utf8('{"mediaType":"a","mediaType":"b"}')],
    ['a member that every object inherits', utf8('{"constructor":null,"__proto__":null}')],
    ['bytes', new Uint8Array([0xff, 0xfe])],
    ['nothing', new Uint8Array(0)],
  ])('%s', (_, file) => {
    expect(isBundleForm(file)).toBe(false);
  });
});
