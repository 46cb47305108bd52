import { failures, utf8 } from '@assay/core';
import { describe, expect, test } from 'vitest';
import { changed, unprintable, withStrangeValues } from '../../test/edit-json.ts';
import { BUILDER, DIGEST, describeImage, GENERATIONS, itemOf, keys, OPTIONS, putInItem, regional, run, V03 } from '../../test/gcb-scene.ts';
import { jsonBytes } from '../../test/sign-envelope.ts';
import { type GcbResult, verifyGcb } from './index.ts';

describe('hostile documents', () => {
  const verify = (bytes: Uint8Array) => verifyGcb(bytes, { digest: DIGEST, source: 'github.com/o/r' }, OPTIONS);
  const whole = JSON.stringify(describeImage([itemOf(V03, GENERATIONS['v0.3'].signers)]));

  test.each([
    ['nothing', ''],
    ['no JSON', '<html>'],
    ['two documents', `${whole}\n${whole}`],
    ['a list', `[${whole}]`],
    ['null', 'null'],
    ['an empty object', '{}'],
    ['a text', '"x"'],
    ['nesting without end', '{"a":'.repeat(100_000)],
    ['nesting in a free member', whole.replace('"/root"', `${'['.repeat(70)}${']'.repeat(70)}`)],
    ['a repeated member', whole.replace('{', '{"image_summary":{},')],
    ['a repeated member deep inside', whole.replace('"HOME"', '"HOME":"/","HOME"')],
    ['an unpaired surrogate', whole.replace('/root', '\\ud800')],
    ['more signatures than anybody makes', whole.replace('"signatures":[', `"signatures":[${'{},'.repeat(2000)}`)],
    ['provenance that is an object', '{"provenance_summary":{"provenance":{}}}'],
    ['a truncated document', whole.slice(0, -1)],
  ])('%s', async (_, text) => {
    const { ok, root } = await verify(utf8(text));
    expect(ok).toBe(false);
    expect(failures(root)[0]?.evidence?.['error']).toBe('ErrorInvalidDssePayload');
  });

  test('bytes that are no text', async () => expect((await verify(Uint8Array.of(0xff, 0xfe, 0x00))).ok).toBe(false));
  test('larger than the cap', async () => expect((await verify(new Uint8Array(33 * 1024 * 1024).fill(0x20))).ok).toBe(false));

  const STRANGE = [null, true, 5, 'text', '', [], [null], {}, { a: [] }];

  test('any value in the place of any other', async () => {
    const document = describeImage([itemOf(V03, GENERATIONS['v0.3'].signers)]);
    for (const { variant, name } of withStrangeValues(document, STRANGE)) expectWords(await verify(jsonBytes(variant)), name);
  });

  test.each(['v0.2', 'v0.3', 'v1'] as const)('%s: any value in the place of any other that is signed', async (of) => {
    const demands = { tag: 'v1.2.3', versionedTag: 'v1', builderId: BUILDER };
    for (const { variant, name } of withStrangeValues<object>(GENERATIONS[of].statement, STRANGE)) {
      if (typeof variant === 'object' && variant !== null) expectWords(await run({ of, statement: variant, demands }), name);
    }
  });

  test('control characters do not reach the terminal', async () => {
    const evil = '\u001b[2J\u202e';
    for (const path of ['predicate.builder.id', 'predicate.materials.0.uri', 'predicate.recipe.type', 'subject.0.digest.sha256', 'subject.0.name']) {
      const signers = [{ key: keys.global, keyid: evil }, { key: keys.global, keyid: regional(evil) }, ...GENERATIONS['v0.3'].signers];
      const { root } = await run({ statement: changed(V03, path, evil), signers, edit: putInItem('kind', evil) });
      expect(unprintable(root)).toEqual([]);
    }
  });
});

/** Nothing is thrown, and what fails has a word of the reference. */
function expectWords({ ok, root }: GcbResult, name: string): void {
  expect(ok, name).toBe(failures(root).length === 0);
  for (const check of failures(root)) expect(check.evidence?.['error'], name).toBeDefined();
}
